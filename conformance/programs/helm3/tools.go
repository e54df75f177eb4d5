//go:build tools

package main

// The command, which has to judge as the driver does.
import _ "helm.sh/helm/v3/cmd/helm"
