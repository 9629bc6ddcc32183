{{ config(materialized="incremental", incremental_strategy="merge", table_type="iceberg", unique_key="order_id",
          delete_condition="src.amount = 0", on_schema_change="append_new_columns") }}
select order_id, amount, cast(ordered_on as timestamp(6)) as ordered_at
{%- if is_incremental() %}, customer_id {% endif %}
from {{ ref("stg_orders") }}
