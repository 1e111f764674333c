package journal

import (
	"strings"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/id"
)

// A journal of version 1, as a worker of before runs had a cause and a subject may have left
// it: its slots are smaller and have trigger, method and path.
const (
	magicOfVersion1 = 0x31306c6e726a6370 // "pcjrnl01"

	slotSize1    = 256
	inExecution1 = 8
	inApp1       = 24
	inScript1    = 40
	inStarted1   = 56
	inDeadline1  = 64
	inSince1     = 72
	inExecuted1  = 80
	inVersion1   = 88 // 32 bits
	inLengths1   = 92 // trigger, method, name, path: a byte each
	inText1      = 96
)

// A journal of version 2 does not say which program a run is of.
const (
	magicOfVersion2 = 0x32306c6e726a6370 // "pcjrnl02"

	inIdentity2 = 40
)

func version2() form {
	return form{slotSize: slotSize, inSince: inSince, inExecuted: inExecuted, decode: decodeSlot2}
}

func decodeSlot2(slot []byte) (v slotView, ok bool) {
	who, _, err := execution.DecodeIdentity(slot[inIdentity2:])
	return slotView{
		Identity: who, started: getInt(slot, inStarted), deadline: getInt(slot, inDeadline), since: getInt(slot, inSince), executed: getInt(slot, inExecuted),
	}, err == nil
}

func version1() form {
	return form{slotSize: slotSize1, inSince: inSince1, inExecuted: inExecuted1, decode: decodeSlot1}
}

func decodeSlot1(slot []byte) (v slotView, ok bool) {
	v = slotView{
		Identity: execution.Identity{
			Execution: id.Execution(slot[inExecution1 : inExecution1+16]), App: id.App(slot[inApp1 : inApp1+16]),
			Script: id.Script(slot[inScript1 : inScript1+16]), Version: int(int32(getInt(slot, inVersion1))), Event: call.Fetch,
		},
		started: getInt(slot, inStarted1), deadline: getInt(slot, inDeadline1), since: getInt(slot, inSince1), executed: getInt(slot, inExecuted1),
	}
	var texts [4]string
	from := inText1
	for i := range texts {
		to := from + int(slot[inLengths1+i])
		if to > slotSize1 {
			return slotView{}, false
		}
		texts[i] = strings.ToValidUTF8(string(slot[from:to]), "")
		from = to
	}
	v.Cause.Kind, v.ScriptName, v.Subject = call.Kind(texts[0]), texts[2], texts[1]+" "+texts[3]
	return v, true
}
