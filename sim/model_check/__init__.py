"""Model check: state-space search of the firmware, every state and every event.

| file                                      | holds                                              |
|-------------------------------------------|----------------------------------------------------|
| `node`, `observer`                        | what is kept of a unit between two ticks           |
| `harness`, `hal_stub`, `restore`, `trial` | a real unit, restored into a node and run          |
| `at_rest`                                 | all that a unit keeps, put back                    |
| `choice`, `events`, `plan_choices`,       | what can happen                                    |
| `user_inputs`                             |                                                    |
| `invariants`                              | what must never happen                             |
| `abstraction`, `search`                   | the search of every node                           |

docs/maintainer/proof.md gives the reasons.
"""
