{{ config(materialized="table", format="parquet", write_compression="snappy", partitioned_by=["ordered_on"]) }}
select count(*) as orders, sum(amount) as amount, ordered_on
from {{ ref("stg_orders") }}
group by ordered_on
