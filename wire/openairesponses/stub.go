package openairesponses

import "github.com/sluice-gateway/sluice/wire"

func New() wire.Provider { return nil }
