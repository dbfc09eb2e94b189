"""Programs of the bring-up: MicroPython that the unit runs at its raw prompt, with its own drivers.

`tools.bringup.session` sends one at a time. Each gets its numbers as `C`, a dictionary, and leaves
its answer in `out`; the frame prints it as JSON once the unit is dark again.

| frame   | used for                         | Ctrl-C while it runs                               |
|---------|----------------------------------|----------------------------------------------------|
| DARK    | programs that touch no emitter   | ends the program; no pin of an emitter was touched |
| GUARDED | programs that touch emitter pins | is off: a soft reset, which could freeze a pin     |
|         | or the supply switch             | high, has to wait until the unit is dark           |

Both put every emitter pin low before and after. A guarded program closes the supply switch by the
lease alone, which opens it 50 ms after the last grant, whatever becomes of program, host and cable.
Each bank's light ends after LIT_MS.
"""

LIT_MS = 20  # of a bank's light, reading included
DARK = """
import json, time
from hal import dark
C = {constants!r}
out = None
dark.off()
try:
{body}
finally:
 dark.off()
print(json.dumps(out))
"""
GUARDED = """
import json, micropython, time
from hal import dark
C = {constants!r}
out = None
micropython.kbd_intr(-1)
try:
 dark.off()
{body}
finally:
 dark.off()
 micropython.kbd_intr(3)
print(json.dumps(out))
"""

PRODUCT = """
from hal import files, lease
out = files.wrong()
"""

# Each pin as a low output, then as an input with the chip's pull-up: a pull-down on the board wins.
PINS = """
from machine import Pin
out = []
for n in C['pins']:
 low = Pin(n).value()
 Pin(n, Pin.IN, Pin.PULL_UP)
 time.sleep_ms(2)
 pulled = Pin(n).value()
 Pin(n, Pin.OUT, value=0)
 out.append((n, low, pulled))
"""

# A part in mid-transfer is clocked out first. 2.2k on the board wins against the chip's pull-down.
BUSES = """
from machine import Pin
from hal.bus import Bus
Bus(0, *C['i2c0'])
Bus(1, *C['i2c1'])
out = []
for n in C['lines']:
 Pin(n, Pin.IN, Pin.PULL_DOWN)
 time.sleep_ms(2)
 out.append((n, Pin(n).value()))
"""

# Every address is read once; then each part is set up by its own driver.
PARTS = """
from hal.bus import Bus
from hal.ds3231 import Ds3231
from hal.fdc1004 import Fdc1004
from hal.ina219 import Ina219
from hal.max17049 import Max17049
from hal.oled import Oled
from hal.tmp117 import Tmp117
buses = (Bus(0, *C['i2c0']), Bus(1, *C['i2c1']))
one = bytearray(1)
found = []
for bus in buses:
 there = []
 for address in range(8, 120):
  try:
   bus.i2c.readfrom_into(address, one)
   there.append(address)
  except OSError:
   pass
 found.append(there)
s = buses[0]
drivers = {
 'contact_a': Tmp117(s, 0x48, True), 'contact_b': Tmp117(s, 0x49, True),
 'board_a': Tmp117(s, 0x4A, False), 'board_b': Tmp117(s, 0x4B, False),
 'rail': Ina219(s), 'gauge': Max17049(s), 'skin': Fdc1004(s),
}
known = {}
for name, driver in drivers.items():
 register = C['identities'][name]
 known[name] = (driver.fetch(register) if register >= 0 else -1, driver.begin())
known['screen'] = (-1, Oled(buses[1]).begin())
known['clock'] = (-1, Ds3231(buses[1]).seconds() is not None)
out = (found, known)
"""

# What all sensors read, after C['ms']: codes of thermistors A, B and of the pack; contact and LED
# board thermometers; skin sensors; mean cell.
SENSORS = """
from machine import ADC, Pin
from hal.bus import Bus
from hal.fdc1004 import Fdc1004
from hal.max17049 import Max17049
from hal.tmp117 import Tmp117
s = Bus(0, *C['i2c0'])
warm = [Tmp117(s, address, address < 0x4A) for address in (0x48, 0x49, 0x4A, 0x4B)]
skin = Fdc1004(s)
gauge = Max17049(s)
for part in warm + [skin, gauge]:
 part.begin()
time.sleep_ms(C['ms'])
codes = []
for n in C['adc']:
 adc = ADC(Pin(n))
 codes.append(sum([adc.read_u16() >> 4 for _ in range(64)]) / 64)
read = [None] * 7
for k in range(4):
 warm[k].measure(read, k)
for k in range(2):
 got = [None, None]
 if skin.measure(got, k):
  read[4 + k] = got[k]
gauge.measure_cell(read, 6)
out = (codes, read)
"""

# Inputs, closed ones as bits: at the beginning, and once one of them has changed for 30 ms.
INPUTS = """
from machine import Pin
pins = [Pin(n, Pin.IN, Pin.PULL_UP) for n in C['inputs']]
def read():
 return sum([1 << k for k in range(len(pins)) if not pins[k].value()])
time.sleep_ms(2)
began = now = read()
until = time.ticks_add(time.ticks_ms(), C['ms'])
while now == began and time.ticks_diff(until, time.ticks_ms()) > 0:
 time.sleep_ms(5)
 if read() != began:
  time.sleep_ms(30)
  now = read()
out = (began, now)
"""

# Light, buzzer or motor alone for a second, by its pin: a cue of the player has two at once.
SIGNAL = """
from machine import PWM, Pin
pin = Pin(C['pin'], Pin.OUT, value=0)
try:
 if C['hz']:
  sound = PWM(pin, freq=C['hz'], duty_u16=32768)
 else:
  pin.value(1)
 time.sleep_ms(1000)
finally:
 if C['hz']:
  sound.duty_u16(0)
 Pin(C['pin'], Pin.OUT, value=0)
out = True
"""

SCREEN = """
from hal.bus import Bus
from hal.oled import Oled
screen = Oled(Bus(1, *C['i2c1']))
screen.begin()
for row in range(8):
 screen.show(row, bytearray(C['rows'][row].encode()))
for _ in range(8):
 screen.step()
out = screen.ready
"""

# What the lit programs begin with: the emitters by the unit's own driver, and the rail monitor at
# conversions that are short enough for 20 ms of light.
LIGHT = """
from machine import ADC, Pin
from hal.bus import Bus
from hal.emitters import Emitters
from hal.ina219 import Ina219
class Board:
 BANKS = C['banks']
s = Bus(0, *C['i2c0'])
rail = Ina219(s)
rail.begin()
rail.put(0, C['fast'])
time.sleep_ms(10)
pack = ADC(Pin(C['pack']))
def current():
 code = rail.fetch(1)
 return None if code < 0 else (code - 65536 if code & 32768 else code) / 10
e = Emitters(Board, C['enable'])
def after(ms, begun):
 while time.ticks_diff(time.ticks_us(), begun) < ms * 1000:
  pass
def closed(bank, ms):
 begun = time.ticks_us()
 e.lease.grant()
 if bank >= 0:
  e.drive(bank, 65535)
 after(ms, begun)
 high = e.lease.closed()
 return begun, high, current()
"""

# Without a bank driven, a current says that a switch is stuck: then nothing more is measured. The
# time is from the grant until the pin reads low. Busy loops, so that nothing sleeps.
LEASE = (
    LIGHT
    + """
begun, high, ma = closed(-1, 12)
e.lease.drop()
dropped = e.lease.closed()
def hold(words):
 begun = time.ticks_us()
 for _ in range(words):
  e.lease.grant()
 while not e.lease.closed() and time.ticks_diff(time.ticks_us(), begun) < 5000:
  pass
 while e.lease.closed() and time.ticks_diff(time.ticks_us(), begun) < 400000:
  pass
 return time.ticks_diff(time.ticks_us(), begun)
held = ()
if high and ma is not None and ma < C['dark_ma']:
 held = (hold(1), hold(4))
e.off()
out = (high, ma, dropped, held)
"""
)

# Each bank's pin high, the switch open; up to the first that draws a current all the same.
SWITCH = (
    LIGHT
    + """
out = []
for bank in range(2 * len(Board.BANKS)):
 begun = time.ticks_us()
 e.drive(bank, 65535)
 after(12, begun)
 ma = current()
 e.off()
 out.append(ma)
 if ma is None or ma >= C['dark_ma']:
  break
"""
)

# One bank for LIT_MS; then the switch opens, its pin still high, and the current has to end.
BANK = (
    LIGHT
    + """
begun, high, ma = closed(C['bank'], C['lit_ms'] - 1)
code = pack.read_u16() >> 4
e.lease.drop()
lit = time.ticks_diff(time.ticks_us(), begun)
opened = time.ticks_us()
after(10, opened)
left = current()
e.off()
out = (high, ma, left, code, lit)
"""
)

# ALERT's limits below what the thermometer reads: the switch has to be open in hardware although
# the lease closes it. Then the limits as they belong: it has to close again.
ALERT = (
    LIGHT
    + """
from hal.tmp117 import Tmp117
def looked():
 begun, high, ma = closed(0, 12)
 e.off()
 return ma
part = Tmp117(s, C['address'], True)
part.begin()
time.sleep_ms(500)
read = [None]
part.measure(read, 0)
held = back = None
if read[0] is not None:
 low = read[0] - 256 & 65535
 part.put(C['low_limit'], low)
 part.put(C['high_limit'], low)
 try:
  time.sleep_ms(800)
  held = looked()
 finally:
  part.put(C['high_limit'], C['high'])
  part.put(C['low_limit'], C['low'])
 time.sleep_ms(800)
 back = looked()
right = (part.fetch(C['high_limit']), part.fetch(C['low_limit'])) == (C['high'], C['low'])
out = (read[0], held, back, right)
"""
)


def build_program(body: str, touches: bool, constants: "dict[str, object]") -> str:
    """A program as it is sent: `touches` says that it touches emitter pins."""
    frame = GUARDED if touches else DARK
    return frame.format(constants=constants, body=" " + body.strip("\n").replace("\n", "\n "))
