"""Times this library and every installed rival on the same bytes, and checks that their answers agree.

`harness` times, `machine` says on what, `rivals` knows the others, `suites` says what is done, `report` is the
result and its JSON, `table` and `page` show it.
"""
