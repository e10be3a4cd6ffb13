package schema

import (
	"reflect"
	"slices"
	"strconv"
)

// Resolve gives a deep copy of the config struct v points to in which every
// vault reference in a referenceable field is replaced by what resolve gives.
// What cannot be resolved becomes "" and is reported with its path. When v
// holds no reference at all, v itself comes back: nothing needs a copy.
func Resolve(v any, resolve func(ref string) (string, error)) (any, []Problem) {
	at := reflect.ValueOf(v)
	if at.Kind() != reflect.Pointer || at.IsNil() || at.Elem().Kind() != reflect.Struct {
		return v, nil
	}
	r := Of(at.Type())
	if !r.hasRef || !holdsReference(r, at.Elem()) {
		return v, nil
	}
	out := reflect.New(r.Type)
	w := resolver{resolve: resolve}
	out.Elem().Set(at.Elem())
	w.record(r, out.Elem(), "")
	return out.Interface(), w.problems
}

// References lists the vault references in the config struct v points to.
func References(v any) []string {
	at := reflect.ValueOf(v)
	if at.Kind() != reflect.Pointer || at.IsNil() || at.Elem().Kind() != reflect.Struct {
		return nil
	}
	var list []string
	visitRecord(Of(at.Type()), at.Elem(), func(ref string) bool {
		list = append(list, ref)
		return true
	})
	slices.Sort(list)
	return slices.Compact(list)
}

func holdsReference(r *Record, v reflect.Value) bool {
	found := false
	visitRecord(r, v, func(string) bool {
		found = true
		return false
	})
	return found
}

// visitRecord shows every reference; visit tells whether to go on.
func visitRecord(r *Record, v reflect.Value, visit func(ref string) bool) bool {
	for _, f := range r.Fields {
		if !visitField(f, v.FieldByIndex(f.index), visit) {
			return false
		}
	}
	return true
}

func visitField(f *Field, v reflect.Value, visit func(ref string) bool) bool {
	if f.pointer {
		if v.IsNil() {
			return true
		}
		v = v.Elem()
	}
	switch f.Kind {
	case String:
		return !f.Ref || !IsReference(v.String()) || visit(v.String())
	case RecordKind:
		return !f.Record.hasRef || visitRecord(f.Record, v, visit)
	case Array, Set:
		for i := range v.Len() {
			if !visitField(f.Elem, v.Index(i), visit) {
				return false
			}
		}
	case Map:
		for it := v.MapRange(); it.Next(); {
			if !visitField(f.Elem, it.Value(), visit) {
				return false
			}
		}
	case Number, Integer, Boolean, Foreign, Any: // hold no references
	}
	return true
}

type resolver struct {
	resolve  func(ref string) (string, error)
	problems []Problem
}

// record works on a shallow copy and makes it deep.
func (w *resolver) record(r *Record, v reflect.Value, path string) {
	for _, f := range r.Fields {
		below := f.Name
		if path != "" {
			below = path + "." + f.Name
		}
		w.field(f, v.FieldByIndex(f.index), below)
	}
}

func (w *resolver) field(f *Field, v reflect.Value, path string) {
	if f.pointer {
		if v.IsNil() {
			return
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(v.Elem())
		v.Set(p)
		v = p.Elem()
	}
	switch f.Kind {
	case String:
		w.text(f, v, path)
	case RecordKind:
		w.record(f.Record, v, path)
	case Array, Set:
		w.list(f, v, path)
	case Map:
		w.dict(f, v, path)
	case Number, Integer, Boolean, Foreign, Any: // hold no references
	}
}

func (w *resolver) text(f *Field, v reflect.Value, path string) {
	if !f.Ref || !IsReference(v.String()) {
		return
	}
	s, err := w.resolve(v.String())
	if err != nil {
		w.problems = append(w.problems, Problem{Path: path, Message: err.Error()})
		s = ""
	}
	v.SetString(s)
}

func (w *resolver) list(f *Field, v reflect.Value, path string) {
	if v.IsNil() {
		return
	}
	out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	reflect.Copy(out, v)
	for i := range out.Len() {
		w.field(f.Elem, out.Index(i), path+"["+strconv.Itoa(i)+"]")
	}
	v.Set(out)
}

func (w *resolver) dict(f *Field, v reflect.Value, path string) {
	if v.IsNil() {
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), v.Len())
	for it := v.MapRange(); it.Next(); {
		at := reflect.New(v.Type().Elem()).Elem()
		at.Set(it.Value())
		w.field(f.Elem, at, path+"."+it.Key().String())
		out.SetMapIndex(it.Key(), at)
	}
	v.Set(out)
}
