module trefoil/audit/answer

go 1.26.0
