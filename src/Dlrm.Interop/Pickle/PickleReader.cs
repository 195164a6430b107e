using System.Numerics;

namespace Dlrm.Interop.Pickle;

/// <summary>
/// Reads Python pickles as data: a closed interpreter of the opcodes that PyTorch writes, which can build numbers, texts
/// and containers, and through its factory tensors, and nothing else.
/// </summary>
/// <remarks>
/// A pickle is a program for a small stack machine. Python's machine may import any module and call any function in it;
/// this one has no way to. Names are texts that the factory knows or does not; whatever is unknown, too deep, too long
/// or inconsistent ends in a <see cref="RefusedFileException"/> that says what and where. Nothing recurses, and memory
/// stays proportional to the bytes read.
/// </remarks>
internal sealed class PickleReader
{
    private readonly PickleInput _input;
    private readonly IPickleFactory _factory;
    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<long, object?> _memo = [];

    private PickleReader(PickleInput input, IPickleFactory factory)
    {
        _input = input;
        _factory = factory;
    }

    /// <summary>Reads one pickle, up to and with its STOP.</summary>
    /// <param name="stream">Where it begins.</param>
    /// <param name="source">The file, for messages.</param>
    /// <param name="factory">Knows the globals.</param>
    /// <exception cref="RefusedFileException">It is damaged, or holds something else than data.</exception>
    public static object? Read(Stream stream, string source, IPickleFactory factory)
        => new PickleReader(new PickleInput(stream, source), factory).Run();

    private object? Run()
    {
        while (true)
        {
            byte code = _input.ReadByte();
            if (code == (byte)PickleOpcode.Stop)
            {
                object? result = Pop();
                return _stack.Count == 0 && _marks.Count == 0
                    ? result
                    : throw _input.Refuse(RefusalReason.Damaged, $"it ends with {_stack.Count} values left over.");
            }

            if (!Simple(code) && !Container(code) && !Special(code))
            {
                throw _input.Refuse(
                    RefusalReason.ForbiddenOpcode, $"opcode 0x{code:X2} ('{Printable(code)}'), which no tensor file needs.");
            }
        }
    }

    private static char Printable(byte code) => code is > 32 and < 127 ? (char)code : '?';

    /// <summary>Opcodes that put one value on the stack.</summary>
    private bool Simple(byte code)
    {
        switch ((PickleOpcode)code)
        {
            case PickleOpcode.None:
                Push(null);
                return true;
            case PickleOpcode.NewTrue:
                Push(true);
                return true;
            case PickleOpcode.NewFalse:
                Push(false);
                return true;
            case PickleOpcode.BinInt:
                Push((long)_input.ReadInt32());
                return true;
            case PickleOpcode.BinInt1:
                Push((long)_input.ReadByte());
                return true;
            case PickleOpcode.BinInt2:
                Push((long)_input.ReadUInt16());
                return true;
            case PickleOpcode.Long1:
                var number = new BigInteger(_input.ReadBytes(_input.ReadByte()));
                Push(number >= long.MinValue && number <= long.MaxValue ? (object)(long)number : number);
                return true;
            case PickleOpcode.BinFloat:
                Push(_input.ReadDoubleBigEndian());
                return true;
            case PickleOpcode.BinUnicode:
                Push(_input.ReadText(_input.ReadUInt32()));
                return true;
            case PickleOpcode.ShortBinUnicode or PickleOpcode.ShortBinString:
                Push(_input.ReadText(_input.ReadByte()));
                return true;
            case PickleOpcode.BinUnicode8:
                Push(_input.ReadText(_input.ReadInt64()));
                return true;
            case PickleOpcode.BinString:
                Push(_input.ReadText(_input.ReadInt32()));
                return true;
            case PickleOpcode.BinBytes:
                Push(_input.ReadBytes(_input.ReadUInt32()));
                return true;
            case PickleOpcode.ShortBinBytes:
                Push(_input.ReadBytes(_input.ReadByte()));
                return true;
            case PickleOpcode.BinBytes8:
                Push(_input.ReadBytes(_input.ReadInt64()));
                return true;
            default:
                return false;
        }
    }

    private bool Container(byte code)
    {
        switch ((PickleOpcode)code)
        {
            case PickleOpcode.Mark:
                if (_marks.Count >= PickleLimits.Stack)
                {
                    throw _input.Refuse(RefusalReason.DeepNesting, $"{_marks.Count} open containers.");
                }

                _marks.Add(_stack.Count);
                return true;
            case PickleOpcode.EmptyTuple:
                Push(new PickleTuple());
                return true;
            case PickleOpcode.Tuple1:
                Push(new PickleTuple(Pop()));
                return true;
            case PickleOpcode.Tuple2:
                object? second = Pop();
                Push(new PickleTuple(Pop(), second));
                return true;
            case PickleOpcode.Tuple3:
                object? last = Pop();
                object? middle = Pop();
                Push(new PickleTuple(Pop(), middle, last));
                return true;
            case PickleOpcode.Tuple:
                Push(new PickleTuple(PopToMark()));
                return true;
            case PickleOpcode.EmptyList:
                Push(new PickleList());
                return true;
            case PickleOpcode.Append:
                Append([Pop()]);
                return true;
            case PickleOpcode.Appends:
                Append(PopToMark());
                return true;
            case PickleOpcode.EmptyDictionary:
                Push(new PickleDictionary());
                return true;
            case PickleOpcode.SetItem:
                object? value = Pop();
                SetItems([Pop(), value]);
                return true;
            case PickleOpcode.SetItems:
                SetItems(PopToMark());
                return true;
            default:
                return false;
        }
    }

    private bool Special(byte code)
    {
        switch ((PickleOpcode)code)
        {
            case PickleOpcode.Protocol:
                byte protocol = _input.ReadByte();
                return protocol is >= 2 and <= 5
                    ? true
                    : throw _input.Refuse(RefusalReason.NotThisFormat, $"protocol {protocol}; 2 to 5 are read.");
            case PickleOpcode.Frame:
                _ = _input.ReadInt64(); // Where to read ahead to: of no use here.
                return true;
            case PickleOpcode.BinPut:
                Remember(_input.ReadByte());
                return true;
            case PickleOpcode.LongBinPut:
                Remember(_input.ReadUInt32());
                return true;
            case PickleOpcode.Memoize:
                Remember(_memo.Count);
                return true;
            case PickleOpcode.BinGet:
                Push(Recall(_input.ReadByte()));
                return true;
            case PickleOpcode.LongBinGet:
                Push(Recall(_input.ReadUInt32()));
                return true;
            case PickleOpcode.Global:
                string module = _input.ReadLine();
                PushGlobal(module, _input.ReadLine());
                return true;
            case PickleOpcode.StackGlobal:
                object? name = Pop();
                PushGlobal(Pop() as string, name as string);
                return true;
            case PickleOpcode.Reduce:
                Reduce();
                return true;
            case PickleOpcode.Build:
                Build();
                return true;
            case PickleOpcode.BinPersistentId:
                Push(_factory.LoadPersistent(Pop()));
                return true;
            default:
                return false;
        }
    }

    private void PushGlobal(string? module, string? name)
    {
        if (module is null || name is null)
        {
            throw _input.Refuse(RefusalReason.Damaged, "a global's name is no text.");
        }

        var global = new PickleGlobal(module, name);
        if (!_factory.Knows(global))
        {
            throw _input.Refuse(
                RefusalReason.ForbiddenGlobal,
                $"it names {global.FullName}, which is neither a tensor nor a plain container. A file that holds this may run "
                + "code when Python opens it.");
        }

        Push(global);
    }

    private void Reduce()
    {
        object? arguments = Pop();
        object? function = Pop();
        if (function is not PickleGlobal global || arguments is not PickleTuple tuple)
        {
            throw _input.Refuse(RefusalReason.ForbiddenCall, "it calls a value that is no known function, or without a tuple.");
        }

        Push(_factory.Call(global, tuple));
    }

    private void Build()
    {
        object? state = Pop();
        object? target = Peek();
        if (target is PickleDictionary { IsOrdered: true } dictionary && state is PickleDictionary attributes)
        {
            dictionary.Attributes = attributes;
        }
        else if (target is null || !_factory.Build(target, state))
        {
            throw _input.Refuse(RefusalReason.ForbiddenCall, "it sets the state of a value that has none.");
        }
    }

    private void Append(ReadOnlySpan<object?> items)
    {
        if (Peek() is not PickleList list)
        {
            throw _input.Refuse(RefusalReason.Damaged, "it appends to a value that is no list.");
        }

        foreach (object? item in items)
        {
            CheckDepth(list.Add(item));
        }
    }

    private void SetItems(ReadOnlySpan<object?> items)
    {
        if (Peek() is not PickleDictionary dictionary || items.Length % 2 != 0)
        {
            throw _input.Refuse(RefusalReason.Damaged, "it sets items of a value that is no dict, or a key without a value.");
        }

        for (int i = 0; i < items.Length; i += 2)
        {
            if (items[i] is not (string or long or double or bool))
            {
                throw _input.Refuse(RefusalReason.Damaged, "a key is neither a text nor a number.");
            }

            CheckDepth(dictionary.Set(items[i]!, items[i + 1]));
        }
    }

    private void Remember(long number)
    {
        if (number >= PickleLimits.Memo)
        {
            throw _input.Refuse(RefusalReason.HugeMemo, $"remembered value {number}; fewer than {PickleLimits.Memo} are allowed.");
        }

        _memo[number] = Peek();
    }

    private object? Recall(long number) => _memo.TryGetValue(number, out object? value)
        ? value
        : throw _input.Refuse(RefusalReason.Damaged, $"it asks for remembered value {number}, which was never set.");

    private void Push(object? value)
    {
        if (_stack.Count >= PickleLimits.Stack)
        {
            throw _input.Refuse(RefusalReason.TooLarge, $"{_stack.Count} values on the stack.");
        }

        if (value is PickleContainer container)
        {
            CheckDepth(container.Depth);
        }

        _stack.Add(value);
    }

    private object? Peek() => _stack.Count > Floor() ? _stack[^1] : throw Underflow();

    private object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object?[] PopToMark()
    {
        if (_marks.Count == 0)
        {
            throw Underflow();
        }

        int mark = Floor();
        object?[] items = [.. _stack[mark..]];
        _stack.RemoveRange(mark, items.Length);
        _marks.RemoveAt(_marks.Count - 1);
        return items;
    }

    private int Floor() => _marks.Count == 0 ? 0 : _marks[^1];

    private void CheckDepth(int depth)
    {
        if (depth > PickleLimits.Depth)
        {
            throw _input.Refuse(RefusalReason.DeepNesting, $"containers more than {PickleLimits.Depth} deep.");
        }
    }

    private RefusedFileException Underflow() => _input.Refuse(RefusalReason.Damaged, "it takes a value where there is none.");
}
