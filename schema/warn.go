package schema

import "reflect"

// Warner is a record of which something may be legal and yet not do what was
// meant: an option that nobody reads, a value that no server takes. Warnings
// lists it with paths from the record on; nobody asks a record that is wrong.
type Warner interface {
	Warnings() []Problem
}

// Warnings lists what is odd about v, a pointer to a struct that may be a
// Warner.
func Warnings(v any) []Problem {
	if w, ok := v.(Warner); ok {
		return w.Warnings()
	}
	return nil
}

// Below gives the problems of a record the paths they have from the one that
// holds it under name.
func Below(name string, problems []Problem) []Problem {
	out := make([]Problem, len(problems))
	for i, p := range problems {
		out[i] = p
		if p.Path != "" {
			out[i].Path = name + "." + p.Path
		} else {
			out[i].Path = name
		}
	}
	return out
}

// Changed lists the members of the struct v points to that are not what they
// would be without a word in the document, by their dotted paths. A list or a
// map is one member.
func Changed(v any) []string {
	at := reflect.ValueOf(v).Elem()
	return changed(Of(at.Type()), at, "")
}

func changed(r *Record, v reflect.Value, prefix string) []string {
	var list []string
	for _, f := range r.Fields {
		is, was := v.FieldByIndex(f.index), r.proto.FieldByIndex(f.index)
		switch {
		case f.Kind == RecordKind && !f.pointer:
			list = append(list, changed(f.Record, is, prefix+f.Name+".")...)
		case f.fresh:
			if !reflect.DeepEqual(is.Interface(), f.zero.Interface()) {
				list = append(list, prefix+f.Name)
			}
		case !reflect.DeepEqual(is.Interface(), was.Interface()):
			list = append(list, prefix+f.Name)
		}
	}
	return list
}
