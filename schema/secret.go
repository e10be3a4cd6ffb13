package schema

import (
	"fmt"
	"log/slog"
)

// Mask is what a secret prints as.
const Mask = "***"

// Secret is a text that must not be seen by accident: it prints as *** in
// every fmt verb, in JSON, in YAML and in logs. An empty one prints empty.
type Secret string

// Reveal gives the text.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer with the mask.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Mask
}

// Format implements fmt.Formatter, so that no verb shows the text.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// GoString implements fmt.GoStringer with the mask.
func (s Secret) GoString() string { return s.String() }

// MarshalText implements encoding.TextMarshaler with the mask; JSON and YAML
// encoders use it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML gives YAML encoders the mask.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// LogValue implements slog.LogValuer with the mask.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
