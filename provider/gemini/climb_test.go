package gemini_test

import (
	"testing"

	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/gemini"
)

func TestProjectsDoNotClimb(t *testing.T) {
	for _, g := range []provider.Gemini{
		{APIEndpoint: "e.example", ProjectID: "..", LocationID: "l"},
		{APIEndpoint: "e.example", ProjectID: "p", LocationID: "."},
	} {
		o := provider.Operation{RouteType: provider.Chat, Model: "m", Options: &provider.Options{Gemini: g}}
		if e, err := gemini.New().Endpoint(&o); err == nil {
			t.Errorf("%+v: %s", g, e.Location.Path)
		}
	}
}
