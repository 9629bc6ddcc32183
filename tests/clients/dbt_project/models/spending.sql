{{ config(materialized="table", table_type="iceberg", format="parquet", partitioned_by=["bucket(id, 4)"]) }}
select c.id, c.name, coalesce(sum(o.amount), 0) as amount
from {{ ref("customers") }} c
left join {{ ref("stg_orders") }} o on o.customer_id = c.id
group by c.id, c.name
