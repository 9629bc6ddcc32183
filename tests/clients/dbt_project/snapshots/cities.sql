{% snapshot cities %}
{{ config(strategy="check", unique_key="id", check_cols=["city"]) }}
select id, city from {{ ref("customers") }}
{% endsnapshot %}
