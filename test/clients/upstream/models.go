package upstream

import "net/http"

func model(id string) map[string]any {
	return map[string]any{"id": id, "object": "model", "created": created, "owned_by": "system"}
}

func (s *Server) listModels(w http.ResponseWriter, r *http.Request) {
	var data []any
	for _, id := range Models {
		data = append(data, model(id))
	}
	answer(w, r, map[string]any{"object": "list", "data": data})
}

func (s *Server) getModel(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if f := checkModel(id); f != nil {
		f.write(w)
		return
	}
	answer(w, r, model(id))
}
