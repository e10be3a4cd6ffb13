package provider

import (
	"errors"

	"github.com/sluice-gateway/sluice/identity"
)

// Keyed is a provider whose credential is in auth and nowhere else.
type Keyed struct{}

// Identity is part of Provider.
func (Keyed) Identity(*Auth, *Model, identity.Deps) (identity.Source, error) {
	return nil, nil //nolint:nilnil // there is none, and that is no fault
}

// ErrNoOperation says that a provider has nothing for a route type.
var ErrNoOperation = errors.New("the provider does not have the operation")
