package flow

import "testing"

func TestNotes(t *testing.T) {
	var ex Exchange
	a, b := new(int), new(int)
	if got := ex.Note(a); got != nil {
		t.Errorf("empty: got %v", got)
	}
	ex.SetNote(a, "one")
	ex.SetNote(b, 2)
	ex.SetNote(a, "three")
	if ex.Note(a) != "three" || ex.Note(b) != 2 {
		t.Errorf("got %v, %v", ex.Note(a), ex.Note(b))
	}
	ex.Reset()
	if ex.Note(a) != nil || ex.Note(b) != nil {
		t.Error("notes outlive the exchange")
	}
}
