"""Schema discovery: files or a database in, a draft of the YAML out; asks nothing.

From rows to words: `look` (one look through a file), `columns` (facts about each), `vocabulary` and
`meanings` (what headers say), `relations` (what columns say of each other), `roles`, `amounts`,
`pairs` and `sales_log` (which is which), `sales` (what only the whole log tells), `date_order`,
`cutoffs`, `divisions`, `money` and `side` (what to set), `profiling` (all of it), `remarks`,
`draft` and `summary` (in words), `files`, `database` and `drafting` (in and out).
"""
