module github.com/sluice-gateway/sluice

go 1.26
