// Package perf holds the budgets of a whole exchange: how much the gateway
// allocates for it, with the plugins of a usual AI route switched on. Time is
// measured elsewhere and never asserted.
package perf
