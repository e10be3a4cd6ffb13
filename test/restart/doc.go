// Package restart holds tests of what outlasts the process of a gateway. They
// run gateways in processes of their own, which can be killed.
package restart
