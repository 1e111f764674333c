package js

// The sizes that operators, templates and implicit joins do not go beyond.
const (
	maxOperatorUnits = 64 << 20 // of a text
	maxOperatorBits  = 1 << 20  // of a BigInt
)

// hooks are what tools/goja/goja.diff adds to a runtime of goja.
type hooks interface {
	SetLimits(tick func(), maxStringLength, maxBigIntBits int)
}

// hook sets them. A goja without them, as plain go commands build it, does without.
func (s *Sandbox) hook(tick func()) {
	if vm, ok := any(s.vm).(hooks); ok {
		vm.SetLimits(tick, maxOperatorUnits, maxOperatorBits)
	}
}
