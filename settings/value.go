package settings

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// masked is what secrets show as, as in Kong's GET /.
const masked = "******"

// commas splits a list; empty elements are dropped.
func commas(s string) []string {
	var out []string
	for e := range strings.SplitSeq(s, ",") {
		if e = strings.TrimSpace(e); e != "" {
			out = append(out, e)
		}
	}
	return out
}

// parseList splits at commas. nginx separates protocols by spaces, and a PEM
// holds no commas.
func parseList(key, s string) []string {
	if key == "ssl_protocols" {
		return strings.Fields(strings.ReplaceAll(s, ",", " "))
	}
	return commas(s)
}

func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "on", "true":
		return true, nil
	case "off", "false":
		return false, nil
	}
	return false, errors.New("must be on or off")
}

// units of sizes: nginx's, and those of GOMEMLIMIT.
var byteUnits = map[string]float64{
	"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "kib": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "mib": 1 << 20,
	"g": 1 << 30, "gb": 1 << 30, "gib": 1 << 30, "t": 1 << 40, "tb": 1 << 40, "tib": 1 << 40,
}

func parseBytes(s string) (int64, error) {
	n, unit, ok := number(s)
	factor, known := byteUnits[unit]
	if !ok || !known || n*factor >= math.MaxInt64 {
		return 0, errors.New("must be a size in bytes, such as 8k, 10m or 1g")
	}
	return int64(n * factor), nil
}

var timeUnits = map[string]time.Duration{
	"": time.Second, "ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

func parseSeconds(s string) (time.Duration, error) {
	n, unit, ok := number(s)
	factor, known := timeUnits[unit]
	if !ok || !known || n*float64(factor) >= math.MaxInt64 {
		return 0, errors.New("must be a time in seconds, or such as 500ms, 10s, 5m, 1h, 1d")
	}
	return time.Duration(n * float64(factor)), nil
}

// number splits a text into a number that is not negative and what follows.
func number(s string) (n float64, unit string, ok bool) {
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
		i++
	}
	n, err := strconv.ParseFloat(s[:i], 64)
	return n, strings.ToLower(strings.TrimSpace(s[i:])), err == nil
}
