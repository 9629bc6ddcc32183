{{ config(materialized="incremental", incremental_strategy="append", format="orc") }}
select order_id, amount, {{ 2 if is_incremental() else 1 }} as run
from {{ ref("stg_orders") }}
{% if is_incremental() %}
where order_id > (select max(order_id) from {{ this }})
{% endif %}
