package chain

import (
	"log/slog"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
)

// Rewrite runs the rewrite phase. It is called on the global plan, before
// routing. An error ends it; the later phases still run for all plugins.
func (p *Plan) Rewrite(ex *flow.Exchange) error {
	if !p.rewrites {
		return nil
	}
	p.begin(ex)
	for i := range p.slots {
		in := p.pick(ex, i)
		if in == nil || in.Hooks.Rewrite == nil {
			continue
		}
		if err := guardRewrite(ex, in); err != nil {
			for rest := i + 1; rest < len(p.slots); rest++ {
				p.pick(ex, rest)
			}
			return blame(in, err)
		}
	}
	return nil
}

// Collect chooses the instances for an exchange without running the access
// phase: for answers that are given before it, such as a 404.
func (p *Plan) Collect(ex *flow.Exchange) {
	p.begin(ex)
	for i := range p.slots {
		p.pick(ex, i)
	}
}

// Access chooses each plugin's instance when its turn comes and runs it. The
// first reply or error ends the phase; the remaining instances are still
// chosen, since the later phases run for all of them.
func (p *Plan) Access(ex *flow.Exchange) (*flow.Reply, error) {
	p.begin(ex)
	for n, i := range p.access {
		in := p.pick(ex, i)
		if in == nil || in.Hooks.Access == nil {
			continue
		}
		reply, err := guardAccess(ex, in)
		if reply == nil && err == nil {
			continue
		}
		for _, rest := range p.access[n+1:] {
			p.pick(ex, rest)
		}
		if err != nil {
			err = blame(in, err)
		}
		return reply, err
	}
	return nil, nil
}

// Head runs the head phase on an answer of any origin. A plugin that breaks
// here is logged and passed over: the answer stands.
func (p *Plan) Head(ex *flow.Exchange, r *flow.Reply) {
	if !p.heads {
		return
	}
	for i := range p.slots {
		if in := p.picked(ex, i); in != nil && in.Hooks.Head != nil {
			if err := guardHead(ex, in, r); err != nil {
				logBroken(ex, in, "head", err)
			}
		}
	}
}

// Body lets the plugins wrap the answer's stream, if it has one.
func (p *Plan) Body(ex *flow.Exchange, r *flow.Reply) {
	if !p.bodies {
		return
	}
	for i := range p.slots {
		if r.Stream == nil {
			return
		}
		if in := p.picked(ex, i); in != nil && in.Hooks.Body != nil {
			if s := guardBody(ex, in, r); s != nil {
				r.Stream = s
			}
		}
	}
}

// Log runs the log phase.
func (p *Plan) Log(ex *flow.Exchange) {
	if !p.logs {
		return
	}
	for i := range p.slots {
		if in := p.picked(ex, i); in != nil && in.Hooks.Log != nil {
			guardLog(ex, in)
		}
	}
}

// begin forgets earlier picks and makes room for this plan's.
func (p *Plan) begin(ex *flow.Exchange) {
	if cap(ex.Picks) < len(p.slots) {
		ex.Picks = make([]int32, len(p.slots))
		return
	}
	ex.Picks = ex.Picks[:len(p.slots)]
	clear(ex.Picks)
}

// pick chooses the instance of slot i and notes it: n+1 for instance n.
func (p *Plan) pick(ex *flow.Exchange, i int) *Instance {
	s := &p.slots[i]
	n := s.first(ex, s.general)
	if ex.Consumer != nil && s.byConsumer != nil {
		if own := s.first(ex, s.byConsumer[ex.Consumer.ID]); own >= 0 && (n < 0 || own < n) {
			n = own
		}
	}
	if n < 0 {
		return nil
	}
	ex.Picks[i] = n + 1
	return s.instances[n]
}

// first returns the most specific of the candidates that applies, or -1.
func (s *slot) first(ex *flow.Exchange, candidates []int32) int32 {
	for _, n := range candidates {
		if s.instances[n].applies(ex) {
			return n
		}
	}
	return -1
}

func (p *Plan) picked(ex *flow.Exchange, i int) *Instance {
	if i >= len(ex.Picks) || ex.Picks[i] == 0 {
		return nil
	}
	return p.slots[i].instances[ex.Picks[i]-1]
}

func (in *Instance) applies(ex *flow.Exchange) bool {
	if in.Protocols != 0 && in.Protocols&protocolOf(ex) == 0 {
		return false
	}
	if in.ConsumerID != "" && (ex.Consumer == nil || ex.Consumer.ID != in.ConsumerID) {
		return false
	}
	return in.ConsumerGroup == "" || inGroup(ex, in.ConsumerGroup)
}

func inGroup(ex *flow.Exchange, id string) bool {
	for _, g := range ex.Groups {
		if g.ID == id {
			return true
		}
	}
	return false
}

func protocolOf(ex *flow.Exchange) ProtocolSet {
	p := HTTP
	if ex.In.Scheme == "https" {
		p = HTTPS
	}
	if ex.In.Major == 2 && ex.In.GRPC() {
		p <<= 2
	}
	return p
}

// blame puts the plugin's name on an error. What is not a fault means that
// the plugin broke.
func blame(in *Instance, err error) error {
	f := fault.As(err)
	if f.By == "" {
		named := *f
		named.By = "plugin/" + in.Name
		return &named
	}
	return f
}

func logBroken(ex *flow.Exchange, in *Instance, phase string, err error) {
	ex.Logger().LogAttrs(ex.Ctx, slog.LevelError, "plugin failed",
		slog.String("plugin", in.Name), slog.String("phase", phase), slog.Any("error", err))
}

func guardRewrite(ex *flow.Exchange, in *Instance) (err error) {
	defer fault.Recover(&err)
	return in.Hooks.Rewrite(ex)
}

func guardAccess(ex *flow.Exchange, in *Instance) (r *flow.Reply, err error) {
	defer fault.Recover(&err)
	return in.Hooks.Access(ex)
}

func guardHead(ex *flow.Exchange, in *Instance, r *flow.Reply) (err error) {
	defer fault.Recover(&err)
	return in.Hooks.Head(ex, r)
}

func guardBody(ex *flow.Exchange, in *Instance, r *flow.Reply) (s flow.Stream) {
	var err error
	defer func() {
		if err != nil {
			logBroken(ex, in, "body", err)
		}
	}()
	defer fault.Recover(&err)
	return in.Hooks.Body(ex, r, r.Stream)
}

func guardLog(ex *flow.Exchange, in *Instance) {
	var err error
	defer func() {
		if err != nil {
			logBroken(ex, in, "log", err)
		}
	}()
	defer fault.Recover(&err)
	in.Hooks.Log(ex)
}
