//go:build goexperiment.jsonv2

package jsonscan

import (
	"bytes"
	"encoding/json/jsontext"
	"errors"
	"testing"
)

// FuzzOracle compares with jsontext, whose strictness is the model for ours.
// Run it with GOEXPERIMENT=jsonv2.
func FuzzOracle(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		same(t, data, Valid(data), jsontext.Value(data).IsValid(jsontext.AllowDuplicateNames(true)))
		same(t, data, NoDuplicates(data), jsontext.Value(data).IsValid())
	})
}

func same(t *testing.T, data []byte, err error, want bool) {
	t.Helper()
	var syntax *SyntaxError
	if errors.As(err, &syntax) && syntax.Msg == tooDeep.String() && bytes.ContainsAny(data, "[{") {
		return
	}
	if (err == nil) != want {
		t.Errorf("got %v, jsontext says %v", err, want)
	}
}
