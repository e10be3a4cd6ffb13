package queue

import (
	"math"
	"time"

	"github.com/sluice-gateway/sluice/schema"
)

// Config is the queue section of a plugin's configuration.
type Config struct {
	// MaxBatchSize is how many entries are handed over at once. Default 1:
	// each entry on its own, as soon as it is there. Raise it to save calls.
	MaxBatchSize int `json:"max_batch_size" default:"1" between:"1,1000000"`
	// MaxCoalescingDelay is how long, in seconds, an entry waits for a batch to
	// fill. Default 1.
	MaxCoalescingDelay float64 `json:"max_coalescing_delay" default:"1" between:"0,3600"`
	// MaxEntries is how many entries may wait; beyond it the oldest is
	// dropped. Default 10000. Raise it to survive longer outages.
	MaxEntries int `json:"max_entries" default:"10000" between:"1,1000000"`
	// MaxBytes is how many bytes may wait; null is no limit.
	MaxBytes *int `json:"max_bytes"`
	// MaxRetryTime is how long, in seconds, a failed batch is tried again
	// before it is lost. Default 60; -1 is forever.
	MaxRetryTime float64 `json:"max_retry_time" default:"60"`
	// InitialRetryDelay is how long, in seconds, to wait before the first
	// further try; each one doubles it. Default 0.01.
	InitialRetryDelay float64 `json:"initial_retry_delay" default:"0.01" between:"0.001,1000000"`
	// MaxRetryDelay is the longest wait, in seconds, between two tries.
	// Default 60.
	MaxRetryDelay float64 `json:"max_retry_delay" default:"60" between:"0.001,1000000"`
	// ConcurrencyLimit 1 hands over one batch after the other. -1 does without
	// a queue: every entry is handed over at once, alone.
	ConcurrencyLimit int `json:"concurrency_limit" default:"1" enum:"1,-1"`
}

// Defaults is the configuration of a queue nobody configured.
func Defaults() Config {
	return Config{
		MaxBatchSize: 1, MaxCoalescingDelay: 1, MaxEntries: 10000, MaxRetryTime: 60,
		InitialRetryDelay: 0.01, MaxRetryDelay: 60, ConcurrencyLimit: 1,
	}
}

// Former are the fields that queues were configured with before they had a
// section of their own.
type Former struct {
	QueueSize    *int
	FlushTimeout *float64
	RetryCount   *int
}

// Warnings names the former fields that are set.
func (f Former) Warnings() []schema.Problem {
	var list []schema.Problem
	for _, field := range []struct {
		set           bool
		name, instead string
	}{
		{f.QueueSize != nil, "queue_size", "deprecated: use queue.max_batch_size"},
		{f.FlushTimeout != nil, "flush_timeout", "deprecated: use queue.max_coalescing_delay"},
		{f.RetryCount != nil, "retry_count", "deprecated, without effect: use queue.max_retry_time"},
	} {
		if field.set {
			list = append(list, schema.Problem{Path: field.name, Message: field.instead})
		}
	}
	return list
}

// With applies former fields: those that differ from the defaults they had win
// over c.
func (c Config) With(f Former) Config {
	if f.QueueSize != nil && *f.QueueSize != 1 && *f.QueueSize > 0 {
		c.MaxBatchSize = *f.QueueSize
	}
	if f.FlushTimeout != nil && *f.FlushTimeout != 2 && *f.FlushTimeout >= 0 {
		c.MaxCoalescingDelay = *f.FlushTimeout
	}
	return c
}

func (c *Config) unlimited() bool { return c.ConcurrencyLimit < 0 }

func (c *Config) byteLimit() int {
	if c.MaxBytes == nil {
		return 0
	}
	return *c.MaxBytes
}

func (c *Config) coalescing() time.Duration { return seconds(c.MaxCoalescingDelay) }

// retryTime is how long a batch is tried; false is forever.
func (c *Config) retryTime() (time.Duration, bool) {
	return seconds(c.MaxRetryTime), c.MaxRetryTime >= 0
}

// retryDelay is the wait after the given number of earlier failures.
func (c *Config) retryDelay(failures int) time.Duration {
	return seconds(min(c.MaxRetryDelay, c.InitialRetryDelay*math.Pow(2, float64(min(failures, 60)))))
}

func seconds(s float64) time.Duration {
	const most = float64(math.MaxInt64 / 2)
	return time.Duration(min(s*float64(time.Second), most))
}
