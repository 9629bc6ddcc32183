{% snapshot customers_history %}
{{ config(strategy="timestamp", unique_key="id", updated_at="changed_at", table_type="iceberg",
          invalidate_hard_deletes=true) }}
select id, name, city, cast(changed_at as timestamp(6)) as changed_at from {{ ref("customers") }}
{% endsnapshot %}
