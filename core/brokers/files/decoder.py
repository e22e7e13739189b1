"""Avro records decoded by compiled code: what is wanted goes into arrays, everything else is stepped over.

A program (see `program`) says what the bytes are. Nothing is trusted: every read is checked against the record's end,
every operation but a handful takes at least one byte, so that work is in proportion to the bytes. Whatever is unusual ends
the run with a code and a position, and the record is left to fastavro, which says what is wrong with it, or reads it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: What ended a run. OK: all records. ERROR: bytes that can't be right. UNUSUAL: for fastavro to judge. FULL: no more room.
OK, ERROR, UNUSUAL, FULL = range(4)
#: Operations. The first six are values; a value with `null` >= 0 is a union of it with null, which is branch `null`.
(VARINT, FLOAT, DOUBLE, BOOLEAN, TEXT, BYTES, FIXED, ENUM, UNION, JUMP, LIST, NEXT, ROW, END) = range(14)
#: How a value is kept (`keep` of an operation): not at all, as a float, as an integer, as (start, length) of its text;
#: from WORD on by the vocabulary keep - WORD.
SKIP, NUMBER, WHOLE, PLACE, WORD = range(5)
#: A missing integer or text.
MISSING = -(2**63)
LENGTH_BITS = 24
_DEPTH = 32


@njit(cache=True)
def _varint(data, pos, end):
    """(value, position after it) of a zigzag number; position -1 when it is cut off or has more than 64 bits."""
    value = np.uint64(0)
    for i in range(10):
        if pos >= end:
            return np.int64(0), np.int64(-1)
        byte = data[pos]
        pos += 1
        if i == 9 and byte > 1:
            return np.int64(0), np.int64(-1)
        value |= np.uint64(byte & 0x7F) << np.uint64(7 * i)
        if byte < 0x80:
            return np.int64(value >> np.uint64(1)) ^ -np.int64(value & np.uint64(1)), np.int64(pos)
    return np.int64(0), np.int64(-1)


@njit(cache=True)
def _count(data, pos, end):
    """(items of the next block of a list, position after it); position -1 when it can't be."""
    count, pos = _varint(data, pos, end)
    if pos >= 0 and count < 0:
        _, pos = _varint(data, pos, end)  # the block's size in bytes, for readers that step over it
        count = -count
        if count < 0:
            return np.int64(0), np.int64(-1)
    return count, np.int64(pos)


@njit(cache=True)
def _word(data, pos, length, words, first, last):
    """Index of a text in words[first:last] (`program.packed`); `last` for another without spaces; -1 for fastavro to judge."""
    if length <= 7:
        code = np.int64(length) << 56
        for i in range(length):
            code |= np.int64(data[pos + i]) << (8 * i)
        for i in range(first, last):
            if words[i] == code:
                return i
    for i in range(pos, pos + length):
        if data[i] <= 0x20 or data[i] >= 0x7F:
            return -1
    return last if length else -1


@njit(cache=True)
def _blank_row(table, row, rooms, widths, blank, blank_at, cells):
    """Where a table's next row begins, filled with what stands for missing values; -1 when there is no more room."""
    cell = rooms[table] + row[table] * widths[table]
    row[table] += 1
    if cell + widths[table] > rooms[table + 1]:
        return -1
    for i in range(widths[table]):
        cells[cell + i] = blank[blank_at[table] + i]
    return cell


@njit(cache=True)
def decode(
    data, pos, cap, count, code, jumps, words, meanings, spans, blank, blank_at, widths, rooms, first_row, cells, numbers,
    places, rows,
):  # fmt: skip
    """Decode up to ``count`` records of data from ``pos`` on: (records decoded, what ended the run, where).

    cap : bytes that a record may take. code, jumps, words, meanings, spans, blank, blank_at, widths : the program's.
    first_row : (T,) the table whose first row of the record a single record fills, itself where none. rooms : (T+1,) where
    each table begins in ``cells``, int64, of which ``numbers`` is the float64 view. Filled in: places (B+1,), where records
    begin; rows (B+1, T), rows of each table before each record.
    """
    tables = widths.size
    row = np.zeros(tables, np.int64)  # rows of each table so far
    cell = np.zeros(tables, np.int64)  # where the row that is being filled begins
    body = np.empty(_DEPTH, np.int64)
    left = np.empty(_DEPTH, np.int64)
    begun = np.empty(_DEPTH, np.int64)
    places[0] = pos
    rows[0, :] = 0
    for record in range(count):
        start = pos
        end = min(data.size, start + cap)
        row[:] = rows[record]
        depth = 0
        pc = 0
        # The record's own row, and the rows that its single records fill, whether they are there or not.
        for t in range(tables):
            if first_row[t] < 0:
                continue
            cell[t] = _blank_row(first_row[t], row, rooms, widths, blank, blank_at, cells)
            if cell[t] < 0:
                return record, FULL, start
        while True:
            op, null, arg, keep = code[pc, 0], code[pc, 1], code[pc, 2], code[pc, 3]
            table, slot = code[pc, 4], code[pc, 5]
            if op <= BYTES:
                if null >= 0:
                    if pos >= end:
                        return record, ERROR, start
                    branch = data[pos]  # 0 or 1, zigzag
                    pos += 1
                    if branch == 2 * null:
                        if keep:
                            cells[cell[table] + slot] = blank[blank_at[table] + slot]
                        pc += 1
                        continue
                    if branch != 2 - 2 * null:
                        return record, UNUSUAL, start
                if op in (FLOAT, DOUBLE):
                    size = 4 if op == FLOAT else 8
                    if end - pos < size:
                        return record, ERROR, start
                    if keep:
                        bits = np.uint64(0)
                        for i in range(size):
                            bits |= np.uint64(data[pos + i]) << np.uint64(8 * i)
                        if op == DOUBLE:
                            cells[cell[table] + slot] = np.int64(bits)
                        else:
                            numbers[cell[table] + slot] = np.float64(np.uint32(bits).view(np.float32))
                    pos += size
                elif op == BOOLEAN:
                    if end - pos < 1:
                        return record, ERROR, start
                    if data[pos] > 1:
                        return record, UNUSUAL, start
                    if keep:
                        numbers[cell[table] + slot] = np.float64(data[pos])
                    pos += 1
                else:
                    value, pos = _varint(data, pos, end)
                    if pos < 0:
                        return record, ERROR, start
                    if op == VARINT:
                        if keep == NUMBER:
                            numbers[cell[table] + slot] = np.float64(value)
                        elif keep == WHOLE:
                            if value == MISSING:
                                return record, UNUSUAL, start
                            cells[cell[table] + slot] = value
                    else:
                        if value < 0 or value > end - pos:
                            return record, ERROR, start
                        if op == TEXT and keep < WORD:
                            for i in range(pos, pos + value):
                                if data[i] >= 0x80:  # may be no UTF-8, which fastavro refuses
                                    return record, UNUSUAL, start
                        if keep == PLACE:
                            if value >= 1 << LENGTH_BITS:
                                return record, UNUSUAL, start
                            cells[cell[table] + slot] = (np.int64(pos) << LENGTH_BITS) | value
                        elif keep >= WORD:
                            which = _word(data, pos, value, words, spans[keep - WORD], spans[keep - WORD + 1] - 1)
                            if which < 0 or np.isnan(meanings[which]):
                                return record, UNUSUAL, start
                            numbers[cell[table] + slot] = meanings[which]
                        pos += value
                pc += 1
            elif op == FIXED:
                if end - pos < arg:
                    return record, ERROR, start
                pos += arg
                pc += 1
            elif op in (ENUM, UNION):
                value, pos = _varint(data, pos, end)
                if pos < 0:
                    return record, ERROR, start
                if value < 0 or value >= null:  # of so many symbols or branches
                    return record, UNUSUAL, start
                pc = pc + 1 if op == ENUM else jumps[arg + value]
            elif op == JUMP:
                pc = arg
            elif op == LIST:
                value, pos = _count(data, pos, end)
                if pos < 0:
                    return record, ERROR, start
                if value == 0:
                    pc = arg
                elif depth == _DEPTH:
                    return record, UNUSUAL, start
                else:
                    body[depth], left[depth], begun[depth] = pc + 1, value, pos
                    depth += 1
                    pc += 1
            elif op == NEXT:
                if pos == begun[depth - 1]:  # items that take no bytes: a list of them would never end
                    return record, UNUSUAL, start
                value = left[depth - 1] - 1
                if value == 0:
                    value, pos = _count(data, pos, end)
                    if pos < 0:
                        return record, ERROR, start
                begun[depth - 1], left[depth - 1] = pos, value
                if value:
                    pc = body[depth - 1]
                else:
                    depth -= 1
                    pc += 1
            elif op == ROW:
                cell[table] = _blank_row(table, row, rooms, widths, blank, blank_at, cells)
                if cell[table] < 0:
                    return record, FULL, start
                pc += 1
            else:
                break
        places[record + 1] = pos
        rows[record + 1, :] = row
    return count, OK, pos
