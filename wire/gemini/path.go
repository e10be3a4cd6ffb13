package gemini

import (
	"net/url"
	"strings"
)

// operation finds the model and the method in a path such as
// /v1beta/models/{model}:{method} of the Gemini API or
// /v1/projects/{p}/locations/{l}/publishers/google/models/{model}:{method} of
// Vertex AI. Tuned models and endpoints keep the name of their collection, which
// tells them from models.
func operation(path string) (model, method string) {
	name := path
	for _, collection := range []string{"/models/", "/tunedModels/", "/endpoints/"} {
		i := strings.LastIndex(path, collection)
		if i < 0 {
			continue
		}
		name = path[i+1:]
		if collection == "/models/" {
			name = path[i+len(collection):]
		}
		break
	}
	if len(name) == len(path) {
		return "", ""
	}
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	i := strings.LastIndexByte(name, ':')
	if i < 0 {
		return name, ""
	}
	return name[:i], name[i+1:]
}

// modelName is the name of a model without the collections that it is in.
func modelName(resource string) string {
	if i := strings.LastIndex(resource, "models/"); i == 0 || i > 0 && resource[i-1] == '/' {
		return resource[i+len("models/"):]
	}
	return resource
}

// altSSE tells whether a query asks for server-sent events.
func altSSE(query string) bool {
	values, _ := url.ParseQuery(query) // what can be read of a broken query counts
	for _, name := range []string{"alt", "$alt"} {
		for _, v := range values[name] {
			if kind, _, _ := strings.Cut(v, ";"); kind == "sse" {
				return true
			}
		}
	}
	return false
}

// generation is the version in a model's name, such as 25 for gemini-2.5-flash,
// and 0 for a name without one.
func generation(model string) int {
	_, rest, ok := strings.Cut(modelName(model), "gemini-")
	if !ok || rest == "" || rest[0] < '0' || rest[0] > '9' {
		return 0
	}
	n := int(rest[0]-'0') * 10
	if len(rest) > 2 && rest[1] == '.' && rest[2] >= '0' && rest[2] <= '9' {
		n += int(rest[2] - '0')
	}
	return n
}
