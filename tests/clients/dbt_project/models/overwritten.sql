{{ config(materialized="incremental", incremental_strategy="insert_overwrite", partitioned_by=["ordered_on"]) }}
select order_id, amount, ordered_on
from {{ ref("stg_orders") }}
{% if is_incremental() %}
where ordered_on >= date '2024-03-02'
{% endif %}
