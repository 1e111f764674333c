package invoke

import "fmt"

// Left tells what is left of runs that have all ended; nothing: "".
func (i *Invoker) Left() (left string) {
	i.gate.mu.Lock()
	defer i.gate.mu.Unlock()
	i.processor.mu.Lock()
	defer i.processor.mu.Unlock()
	p := i.processor
	if i.gate.running.now != 0 || i.gate.inside.now != 0 || i.gate.queued != 0 {
		left += fmt.Sprintf("gate: %d running, %d inside, %d in the queue; ", i.gate.running.now, i.gate.inside.now, i.gate.queued)
	}
	if p.free != p.most || p.aside != 0 || len(p.order) != 0 || len(p.waiting) != 0 {
		left += fmt.Sprintf("processor: %d of %d free, %d aside, %d apps wait; ", p.free, p.most, p.aside, len(p.waiting))
	}
	for slot := range i.watcher.table {
		if i.watcher.table[slot].Load() != nil {
			left += fmt.Sprintf("watched: slot %d; ", slot)
		}
	}
	return left
}
