package invoke

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// holding is the memory that is known to belong to one run, in bytes: bodies, buffers and its
// log. A buffer is given back when it was collected, all else when the run ends.
type holding struct {
	app *atomic.Int64 // of all runs of the app

	mu    sync.Mutex
	bytes int64
	ended bool
}

func (h *holding) take(bytes int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.ended {
		h.bytes += bytes
		h.app.Add(bytes)
	}
}

// end gives back what is left.
func (h *holding) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.app.Add(-h.bytes)
	h.bytes, h.ended = 0, true
}

// held is what is known that the run holds.
func (r *run) held() int64 {
	h := r.holds.Load()
	if h == nil {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bytes
}

// charge says that the run holds so many bytes more until it ends.
func (r *run) charge(bytes int) {
	if bytes > 0 {
		r.holding().take(int64(bytes))
	}
}

func (r *run) holding() *holding {
	h := r.holds.Load()
	if h == nil {
		r.holds.CompareAndSwap(nil, &holding{app: r.invoker.gate.held(r.Script.App)})
		h = r.holds.Load()
	}
	return h
}

// hold charges a buffer that the run has made until it is collected. Over a limit what nobody
// uses any more is collected before anybody is judged; this run may have been told to stop
// afterwards. It is called while the run executes.
func (r *run) hold(buffer []byte) {
	h := r.holding()
	h.take(int64(len(buffer)))
	runtime.AddCleanup(unsafe.SliceData(buffer), func(bytes int64) { h.take(-bytes) }, int64(len(buffer)))
	if !r.invoker.watcher.memory.within(r) {
		r.invoker.watcher.overLimit(r)
	}
}

func (r *run) endHolding() {
	if h := r.holds.Load(); h != nil {
		h.end()
	}
}
