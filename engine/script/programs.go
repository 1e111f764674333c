package script

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// Programs reads what a worker runs: programs and their source maps, by version. Its pool is
// not the one of the routes, so that these never wait for what functions ask for.
type Programs struct {
	pool  *pgxpool.Pool
	start Start
	q     *queries.Queries
}

// NewPrograms reads over a pool in the worker's role what is not in the start folder, of which
// there may be none ("").
func NewPrograms(pool *pgxpool.Pool, start Start) *Programs {
	return &Programs{pool: pool, start: start, q: queries.New()}
}

// Load reads the program text of a version, which has this hash.
func (p *Programs) Load(ctx context.Context, version id.Version, hash [32]byte) (string, error) {
	if text, found := p.start.program(hash); found {
		return text, nil
	}
	text, err := p.read(ctx, version, p.q.ReadProgramAcrossApps)
	if err != nil {
		return "", fmt.Errorf("load program of version %s: %w", version, gone(err))
	}
	return text, nil
}

// LoadSourceMap reads the source map of a version's program.
func (p *Programs) LoadSourceMap(ctx context.Context, version id.Version) (string, error) {
	text, err := p.read(ctx, version, p.q.ReadSourceMapAcrossApps)
	if err != nil {
		return "", fmt.Errorf("load source map of version %s: %w", version, gone(err))
	}
	return text, nil
}

// read reads again over a new connection when the old ones are broken: nobody else uses them,
// who would have found out when the server came back.
func (p *Programs) read(ctx context.Context, version id.Version, query func(context.Context, queries.DBTX, id.Version) (string, error)) (string, error) {
	text, err := query(ctx, p.pool, version)
	if db.IsAway(err) {
		p.pool.Reset()
		text, err = query(ctx, p.pool, version)
	}
	return text, err
}

func gone(err error) error {
	if db.IsNoRows(err) {
		return fault.New(fault.NotFound, "There is no such version any more.").Because(err)
	}
	return err
}
