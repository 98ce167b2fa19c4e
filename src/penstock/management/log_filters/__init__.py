"""From the parameters of a list of logs to a filter: columns, operators, both encodings."""
