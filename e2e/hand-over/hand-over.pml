/*
 * The hand-over of a guest as services/ do it (docs/hand-over.md), for spin: a source, a target and a coordinator which
 * crash and come back, two links that break and heal, a disk that makes a line durable some time after it was written.
 * The coordinator is several processes here, one for each thing that it waits for, so that weak fairness means that each
 * of these comes in the end.
 *
 * Abstractions: the preparation and the pages are one message each; memory is equal (a mismatch is one more reason to
 * abort, and a reason may occur at any time before the decision); time-outs fire at any time, which covers every length of
 * every delay; a broken link loses what was on it, and a message may be lost without that. Messages on a link keep their
 * order, as on TCP, and each carries the coordinator's epoch. A crash of the coordinator may leave old orders on the wire.
 * A crashed host has lost its guest. Bounds: CRASHES and CUTS in one run; liveness is asked for once they are used up and
 * everything is there again.
 *
 * Mutations, which have to fail: JOURNAL_LATE, the coordinator gives its orders before the commit line is durable (safety);
 * NEVER_ASK, a node waits for the end of its migration without asking (liveness); NO_LOCK, a second coordinator starts on
 * the journal of one that only sleeps (safety). There is none for the epochs: with the lock the orders of a dead
 * coordinator that are still on the wire say what its journal says, and safety holds without any epoch; without the lock
 * it fails with them, for a node that has not heard the new coordinator still obeys the old one.
 */

#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef CUTS
#define CUTS 2
#endif

mtype = { PREPARE, PREPARED, PAGES, VOTE, COMMIT, COMMITTED, ABORT, ASK };

/* One channel each way between the coordinator and a node; the epoch goes with every message. */
#define DEPTH 4
chan toSource = [DEPTH] of { mtype, byte };
chan fromSource = [DEPTH] of { mtype, byte };
chan toTarget = [DEPTH] of { mtype, byte };
chan fromTarget = [DEPTH] of { mtype, byte };

bool sourceLink = true, targetLink = true;

/* A copy of the guest. */
#define NONE 0
#define RUNS 1
#define PAUSED 2
#define BUILDING 3
byte sourceCopy = RUNS, targetCopy = NONE;

/* What a node knows of its migration; it is forgotten in a crash. */
#define IDLE 0
#define OPEN 1
#define VOTED 2
#define DONE 3 /* committed */
#define GONE 4 /* aborted */
byte source = IDLE, target = IDLE;
byte sourceEpoch = 0, targetEpoch = 0;
/* The link has broken and the coordinator has not greeted this node again. */
bool sourceAway = false, targetAway = false;

/* The coordinator's memory, lost in a crash, and its disk. */
#define BEGIN 0
#define PREPARING 1
#define STREAMING 2
#define DECIDING 3
#define TELL_TARGET 4
#define TELL_SOURCE 5
#define ENDED 6
#define ABORTED 7
#define LOST 8
byte phase = BEGIN;
bool up = true;
byte epoch = 1;
bool sourceVoted = false, targetVoted = false;
bool lineWritten = false; /* the commit line, in the disk's cache */
bool lineDurable = false;

byte crashes = CRASHES, cuts = CUTS;
bool sourceDied = false, targetDied = false;

#define quiet (crashes == 0 && cuts == 0 && up && sourceLink && targetLink && !sourceAway && !targetAway)

/* What does not fit, or goes to somebody who is away, is lost: the asking and the time-outs are there for that. */
inline toS(m) { if :: sourceLink && !sourceAway && len(toSource) < DEPTH -> toSource!m, epoch :: else fi }
inline toT(m) { if :: targetLink && !targetAway && len(toTarget) < DEPTH -> toTarget!m, epoch :: else fi }
inline sourceSays(m) { if :: sourceLink && !sourceAway && len(fromSource) < DEPTH -> fromSource!m, sourceEpoch :: else fi }
inline targetSays(m) { if :: targetLink && !targetAway && len(fromTarget) < DEPTH -> fromTarget!m, targetEpoch :: else fi }
inline emptied(c) { do :: len(c) > 0 -> c?_, _ :: else -> break od }

/* Before its vote a node gives up by itself; after it, it waits, in doubt. */
inline sourceGivesUp() { if :: source == OPEN -> source = GONE; sourceCopy = RUNS :: else fi }
inline targetGivesUp() { if :: target == OPEN -> target = GONE; targetCopy = NONE :: else fi }

/* The coordinator before the decision. */
inline giveUp() { phase = ABORTED; toS(ABORT); toT(ABORT) }
inline giveOrders() { phase = TELL_TARGET; toT(COMMIT) }
inline countVotes() {
  if
  :: sourceVoted && targetVoted ->
     phase = DECIDING; lineWritten = true;
#ifdef JOURNAL_LATE
     giveOrders()
#endif
  :: else
  fi
}

active proctype Source() {
  mtype m; byte e;
end:
  do
  :: atomic { toSource?m, e ->
       if
       :: e < sourceEpoch /* stale-epoch */
       :: else ->
          sourceEpoch = e;
          if
          :: m == PREPARE && source == IDLE && sourceCopy == RUNS ->
             source = OPEN; sourceCopy = PAUSED; sourceSays(PAGES)
          :: m == PREPARE && !(source == IDLE && sourceCopy == RUNS) -> sourceSays(ABORT)
          :: m == COMMIT ->
             if :: source == VOTED -> source = DONE; sourceCopy = NONE :: else fi;
             sourceSays(COMMITTED)
          :: m == ABORT ->
             if :: source == OPEN || source == VOTED -> source = GONE; sourceCopy = RUNS :: else fi
          fi
       fi; m = 0; e = 0 }
  :: atomic { source == OPEN -> source = VOTED; sourceSays(VOTE) }
  :: atomic { source == OPEN -> sourceGivesUp(); sourceSays(ABORT) }
  od
}

active proctype Target() {
  mtype m; byte e;
end:
  do
  :: atomic { toTarget?m, e ->
       if
       :: e < targetEpoch
       :: else ->
          targetEpoch = e;
          if
          :: m == PREPARE && target == IDLE -> target = OPEN; targetCopy = BUILDING; targetSays(PREPARED)
          :: m == PREPARE && target != IDLE -> targetSays(ABORT)
          :: m == PAGES ->
             if :: target == OPEN -> target = VOTED; targetCopy = PAUSED; targetSays(VOTE) :: else fi
          :: m == COMMIT ->
             if
             :: target == VOTED -> target = DONE; targetCopy = RUNS; targetSays(COMMITTED)
             :: target == DONE -> targetSays(COMMITTED)
             :: else -> targetSays(ABORT) /* it has no such copy: it was restarted */
             fi
          :: m == ABORT ->
             if :: target == OPEN || target == VOTED -> target = GONE; targetCopy = NONE :: else fi
          fi
       fi; m = 0; e = 0 }
  :: atomic { target == OPEN -> targetGivesUp(); targetSays(ABORT) }
  od
}

/* They ask again for the end of what is open. */
#ifndef NEVER_ASK
active proctype SourceAsks() {
end:
  do
  :: atomic { (source == OPEN || source == VOTED) && !sourceAway && len(fromSource) == 0 ->
       sourceSays(ASK) }
  od
}
active proctype TargetAsks() {
end:
  do
  :: atomic { (target == OPEN || target == VOTED) && !targetAway && len(fromTarget) == 0 ->
       targetSays(ASK) }
  od
}
#endif

/* The coordinator: what it hears, */
active proctype HearsTarget() {
  mtype m; byte e;
end:
  do
  :: atomic { up && len(fromTarget) > 0 -> fromTarget?m, e;
       if
       :: e != epoch
       :: e == epoch && m == PREPARED && phase == PREPARING -> phase = STREAMING; toS(PREPARE)
       :: e == epoch && m == VOTE && phase == STREAMING -> targetVoted = true; countVotes()
       :: e == epoch && m == COMMITTED && phase == TELL_TARGET -> phase = TELL_SOURCE; toS(COMMIT)
       :: e == epoch && m == ABORT && phase == TELL_TARGET -> phase = LOST
       :: e == epoch && m == ABORT && (phase == PREPARING || phase == STREAMING) -> giveUp()
       :: e == epoch && m == ASK && (phase == ABORTED || phase == BEGIN) -> toT(ABORT)
       :: else
       fi; m = 0; e = 0 }
  od
}
active proctype HearsSource() {
  mtype m; byte e;
end:
  do
  :: atomic { up && len(fromSource) > 0 -> fromSource?m, e;
       if
       :: e != epoch
       :: e == epoch && m == PAGES && phase == STREAMING -> toT(PAGES)
       :: e == epoch && m == VOTE && phase == STREAMING -> sourceVoted = true; countVotes()
       :: e == epoch && m == COMMITTED && phase == TELL_SOURCE -> phase = ENDED
       :: e == epoch && m == ABORT && (phase == PREPARING || phase == STREAMING) -> giveUp()
       :: e == epoch && m == ASK && (phase == ABORTED || phase == BEGIN) -> toS(ABORT)
       :: e == epoch && m == ASK && phase == ENDED -> toS(COMMIT)
       :: else
       fi; m = 0; e = 0 }
  od
}

/* what it begins, and says again when no answer came, */
active proctype Orders() {
end:
  do
  :: atomic { up && phase == BEGIN && targetLink && !targetAway -> phase = PREPARING; toT(PREPARE) }
  :: atomic { up && phase == TELL_TARGET && len(toTarget) == 0 && targetLink && !targetAway ->
       toT(COMMIT) }
  :: atomic { up && phase == TELL_SOURCE && len(toSource) == 0 && sourceLink && !sourceAway ->
       toS(COMMIT) }
  od
}

/* when it loses patience, */
active proctype TimeOut() {
end:
  do
  :: atomic { up && (phase == PREPARING || phase == STREAMING) -> giveUp() }
  od
}

/* and its disk. */
active proctype Disk() {
end:
  do
  :: atomic { up && lineWritten && !lineDurable ->
       lineDurable = true;
       if :: phase == DECIDING -> giveOrders() :: else fi }
  od
}

#ifdef NO_LOCK
/* One that slept when another took its place: its write comes behind that one's, and its order where it still is heard. */
bool slept = false, sleptDeciding = false, sourceHearsOld = false, targetHearsOld = false;
active proctype Sleeper() {
end:
  do
  :: atomic { sleptDeciding -> sleptDeciding = false;
       if :: targetHearsOld && len(toTarget) < DEPTH -> toTarget!COMMIT, epoch - 1 :: else fi }
  :: atomic { sourceHearsOld -> sourceHearsOld = false; emptied(toSource); sourceGivesUp() }
  :: atomic { targetHearsOld -> targetHearsOld = false; emptied(toTarget); targetGivesUp() }
  od
}
#define hearsOld(node) (node##HearsOld)
#else
#define hearsOld(node) (false)
#endif

inline sourceLost() {
  emptied(toSource); emptied(fromSource);
  sourceAway = true;
  sourceGivesUp();
  if
  :: up && (phase == PREPARING || (phase == STREAMING && !sourceVoted)) -> giveUp()
  :: else
  fi
}
inline targetLost() {
  emptied(toTarget); emptied(fromTarget);
  targetAway = true;
  targetGivesUp();
  if
  :: up && (phase == PREPARING || phase == STREAMING) -> giveUp()
  :: else
  fi
}

/* Time goes on: with it no run is finite, and one in which everybody waits for ever is seen as such. */
active proctype Time() { do :: skip -> skip od }

/* Everything that may happen to them. */
active proctype World() {
end:
  do
  :: atomic { cuts > 0 && sourceLink -> cuts--; sourceLink = false; sourceLost() }
  :: atomic { cuts > 0 && targetLink -> cuts--; targetLink = false; targetLost() }
  :: atomic { !sourceLink -> sourceLink = true }
  :: atomic { !targetLink -> targetLink = true }
  :: atomic { cuts > 0 && len(toSource) > 0 -> cuts--; toSource?_, _ }
  :: atomic { cuts > 0 && len(toTarget) > 0 -> cuts--; toTarget?_, _ }
  :: atomic { cuts > 0 && len(fromSource) > 0 -> cuts--; fromSource?_, _ }
  :: atomic { cuts > 0 && len(fromTarget) > 0 -> cuts--; fromTarget?_, _ }
  /* a node dials again; it follows no coordinator older than the one it knows */
  :: atomic { up && sourceLink && sourceAway && !hearsOld(source) && epoch >= sourceEpoch -> sourceAway = false; sourceEpoch = epoch }
  :: atomic { up && targetLink && targetAway && !hearsOld(target) && epoch >= targetEpoch -> targetAway = false; targetEpoch = epoch }
  :: atomic { crashes > 0 && !sourceDied -> crashes--; sourceDied = true; sourceLost();
       source = IDLE; sourceCopy = NONE; sourceEpoch = 0 }
  :: atomic { crashes > 0 && !targetDied -> crashes--; targetDied = true; targetLost();
       target = IDLE; targetCopy = NONE; targetEpoch = 0 }
  :: atomic { crashes > 0 && up -> crashes--; up = false;
       sourceAway = true; targetAway = true;
       emptied(fromSource); emptied(fromTarget);
       if :: emptied(toSource); emptied(toTarget) :: skip fi;
       sourceGivesUp(); targetGivesUp();
       /* a line that was written has reached the disk, or has not */
       if
       :: lineWritten && !lineDurable -> if :: lineDurable = true :: lineWritten = false fi
       :: else
       fi }
  :: atomic { !up -> up = true; epoch++; sourceVoted = false; targetVoted = false;
       if
       :: lineDurable -> phase = TELL_TARGET
       :: !lineDurable && phase != BEGIN -> phase = ABORTED
       :: else
       fi }
#ifdef NO_LOCK
  :: atomic { crashes > 0 && up && !slept && phase == DECIDING && !lineDurable -> crashes--;
       slept = true; sleptDeciding = true;
       sourceHearsOld = !sourceAway; targetHearsOld = !targetAway;
       sourceAway = true; targetAway = true; emptied(fromSource); emptied(fromTarget);
       epoch++; sourceVoted = false; targetVoted = false; lineWritten = false; phase = ABORTED }
#endif
  /* no more of them */
  :: atomic { crashes > 0 -> crashes-- }
  :: atomic { cuts > 0 -> cuts-- }
  od
}

/* Never two running copies; and once the line is durable the source never runs. */
ltl safety { [] !(sourceCopy == RUNS && (targetCopy == RUNS || lineDurable)) }

/*
 * If both hosts live, the coordinator is there or comes back, and links heal: one copy runs in the end, and no other is
 * kept. Quiet is what "in the end" begins with.
 */
ltl liveness {
  (<>[] (quiet && !sourceDied && !targetDied)) ->
  (<>[] ((sourceCopy == RUNS && targetCopy == NONE) || (sourceCopy == NONE && targetCopy == RUNS)))
}
