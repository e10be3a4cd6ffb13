package provider

import "github.com/sluice-gateway/sluice/schema"

// CheckRecord holds auth and model of an AI plugin against each other.
func CheckRecord(e *schema.Errors, auth *Auth, model *Model) {
	e.At("auth").AllOrNone(auth, "header_name", "header_value")
	e.At("auth").AllOrNone(auth, "param_name", "param_value", "param_location")
	switch model.Provider {
	case "openai", "":
	default:
		if !e.Has("model.provider") {
			e.At("model.provider").Fail("not supported by this version: " + model.Provider)
		}
	}
	if u := model.Options.UpstreamURL; u != "" && !HasTemplate(u) {
		if _, err := ParseLocation(u); err != nil {
			e.At("model.options.upstream_url").Fail(err.Error())
		}
	}
}
