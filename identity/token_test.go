package identity_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/identity"
)

// FuzzToken: whatever a token endpoint answers gives an error or one header
// line, never both; and no error shows what was answered.
func FuzzToken(f *testing.F) {
	f.Add(200, `{"access_token":"abc","expires_in":3600}`)
	f.Add(200, `{"access_token":"a\nb","expires_on":"1"}`)
	f.Add(400, `{"error":"invalid_client","error_description":"AADSTS1: x"}`)
	f.Add(503, `busy`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			t.Skip("not a status")
		}
		s, err := identity.NewAzure(identity.AzureOptions{
			Deps: identity.Deps{Clock: clock.NewManual(time.Unix(1767323045, 0)), Client: &http.Client{Transport: answers(status, body)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		got, err := authorize(t.Context(), s)
		switch {
		case err != nil && got != "Bearer caller":
			t.Errorf("%q and %v", got, err)
		case err == nil && (!strings.HasPrefix(got, "Bearer ") || len(got) < 8 || strings.ContainsAny(got[7:], " \r\n\x00")):
			t.Errorf("header %q", got)
		case err != nil && len(err.Error()) > 200:
			t.Errorf("a long error: %v", err)
		}
	})
}
