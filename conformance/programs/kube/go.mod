module trefoil/audit/kube

go 1.26.0

require trefoil/audit/answer v0.0.0

replace trefoil/audit/answer => ../answer
