select sum(amount) from {{ ref("orders_by_day") }}
having sum(amount) <> (select sum(amount) from {{ ref("orders") }})
