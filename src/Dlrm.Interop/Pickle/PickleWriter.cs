using System.Buffers.Binary;
using System.Text;

namespace Dlrm.Interop.Pickle;

/// <summary>Writes pickles of protocol 2, with no more than the opcodes that PyTorch's weights-only loader takes.</summary>
internal sealed class PickleWriter(Stream stream)
{
    private readonly Dictionary<PickleGlobal, int> _globals = [];

    /// <summary>Writes a whole pickle.</summary>
    /// <param name="value">Values as <see cref="PickleReader"/> gives them.</param>
    /// <param name="writeOther">Writes other values with this writer; they must leave one value.</param>
    public void Write(object? value, Action<PickleWriter, object> writeOther)
    {
        Put(PickleOpcode.Protocol);
        stream.WriteByte(2);
        WriteValue(value, writeOther);
        Put(PickleOpcode.Stop);
    }

    /// <summary>Writes an opcode alone.</summary>
    public void Put(PickleOpcode opcode) => stream.WriteByte((byte)opcode);

    /// <summary>Names a global: once in full, then from the memo.</summary>
    public void Global(string module, string name)
    {
        var global = new PickleGlobal(module, name);
        if (_globals.TryGetValue(global, out int number))
        {
            Put(PickleOpcode.BinGet);
            stream.WriteByte((byte)number);
            return;
        }

        Put(PickleOpcode.Global);
        stream.Write(Encoding.ASCII.GetBytes($"{module}\n{name}\n"));
        Put(PickleOpcode.BinPut);
        stream.WriteByte((byte)_globals.Count);
        _globals.Add(global, _globals.Count);
    }

    public void Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Put(PickleOpcode.BinUnicode);
        Int32(bytes.Length);
        stream.Write(bytes);
    }

    public void Integer(long value)
    {
        switch (value)
        {
            case >= 0 and <= byte.MaxValue:
                Put(PickleOpcode.BinInt1);
                stream.WriteByte((byte)value);
                break;
            case >= int.MinValue and <= int.MaxValue:
                Put(PickleOpcode.BinInt);
                Int32((int)value);
                break;
            default:
                Put(PickleOpcode.Long1);
                stream.WriteByte(sizeof(long));
                Span<byte> bytes = stackalloc byte[sizeof(long)];
                BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
                stream.Write(bytes);
                break;
        }
    }

    /// <summary>A tuple of integers.</summary>
    public void Integers(IEnumerable<long> values)
    {
        Put(PickleOpcode.Mark);
        foreach (long value in values)
        {
            Integer(value);
        }

        Put(PickleOpcode.Tuple);
    }

    private void WriteValue(object? value, Action<PickleWriter, object> writeOther)
    {
        switch (value)
        {
            case null:
                Put(PickleOpcode.None);
                break;
            case bool truth:
                Put(truth ? PickleOpcode.NewTrue : PickleOpcode.NewFalse);
                break;
            case long number:
                Integer(number);
                break;
            case double number:
                Put(PickleOpcode.BinFloat);
                Span<byte> bytes = stackalloc byte[sizeof(double)];
                BinaryPrimitives.WriteDoubleBigEndian(bytes, number);
                stream.Write(bytes);
                break;
            case string text:
                Text(text);
                break;
            case PickleTuple tuple:
                WriteSequence(tuple.Items, writeOther, PickleOpcode.Tuple);
                break;
            case PickleList list:
                Put(PickleOpcode.EmptyList);
                WriteSequence(list.Items, writeOther, PickleOpcode.Appends);
                break;
            case PickleDictionary dictionary:
                WriteDictionary(dictionary, writeOther);
                break;
            default:
                writeOther(this, value);
                break;
        }
    }

    private void WriteSequence(IReadOnlyList<object?> items, Action<PickleWriter, object> writeOther, PickleOpcode end)
    {
        Put(PickleOpcode.Mark);
        foreach (object? item in items)
        {
            WriteValue(item, writeOther);
        }

        Put(end);
    }

    private void WriteDictionary(PickleDictionary dictionary, Action<PickleWriter, object> writeOther)
    {
        if (dictionary.IsOrdered)
        {
            Global("collections", "OrderedDict");
            Put(PickleOpcode.EmptyTuple);
            Put(PickleOpcode.Reduce);
        }
        else
        {
            Put(PickleOpcode.EmptyDictionary);
        }

        Put(PickleOpcode.Mark);
        foreach ((object key, object? item) in dictionary.Entries)
        {
            WriteValue(key, writeOther);
            WriteValue(item, writeOther);
        }

        Put(PickleOpcode.SetItems);
    }

    private void Int32(int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }
}
