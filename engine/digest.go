package engine

import (
	"crypto/sha256"

	"github.com/sluice-gateway/sluice/config"
)

// digest names the content of something configured.
type digest [16]byte

// digestOf is the digest of several entities or configs together.
func digestOf(all ...any) digest {
	h := sha256.New()
	for _, e := range all {
		d := config.Hash(e)
		h.Write(d[:])
	}
	return digest(h.Sum(nil)[:16])
}
