module github.com/sluice-gateway/sluice

go 1.26.0

require github.com/go-json-experiment/json v0.0.0-20260820222146-c27c302e5fc3

require golang.org/x/net v0.62.0

require (
	github.com/rogpeppe/go-internal v1.16.0
	go.yaml.in/yaml/v4 v4.0.0
	golang.org/x/sys v0.49.0
)

require golang.org/x/tools v0.26.0 // indirect
