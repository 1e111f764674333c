package handler

// Arguments is how many of its arguments the handler can see.
func (p *Program) Arguments() int { return p.arguments }
