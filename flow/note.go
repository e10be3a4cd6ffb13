package flow

// note is what one owner remembers of an exchange.
type note struct {
	owner, value any
}

// SetNote keeps value for owner until the exchange ends. It is how a plugin
// instance carries something from one phase to a later one; owner is a pointer
// to the instance's own state, so that no two share a note.
func (ex *Exchange) SetNote(owner, value any) {
	for i := range ex.notes {
		if ex.notes[i].owner == owner {
			ex.notes[i].value = value
			return
		}
	}
	ex.notes = append(ex.notes, note{owner, value})
}

// Note returns what owner kept, nil when it kept nothing.
func (ex *Exchange) Note(owner any) any {
	for i := range ex.notes {
		if ex.notes[i].owner == owner {
			return ex.notes[i].value
		}
	}
	return nil
}
