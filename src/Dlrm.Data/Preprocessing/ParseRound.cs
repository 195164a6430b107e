using System.Buffers.Text;
using Dlrm.Data.Folders;
using Dlrm.Data.Lines;
using Dlrm.Threading;

namespace Dlrm.Data.Preprocessing;

/// <summary>
/// Some blocks of text on their way: parsed in parallel by block, numbered in parallel by column, each column's blocks in
/// the order of the file, so the result does not depend on the number of threads.
/// </summary>
internal sealed class ParseRound
{
    private readonly WorkerTeam _team;
    private readonly DelimitedParser[] _parsers;
    private readonly DataSchema _schema;

    /// <summary>As many blocks as workers.</summary>
    public ParseRound(WorkerTeam team, DataSchema schema, Func<DelimitedParser> parser, Func<RawBlock> block, ValueDictionary?[] dictionaries)
    {
        _team = team;
        _schema = schema;
        _parsers = [.. Enumerable.Range(0, team.Workers).Select(_ => parser())];
        Blocks = [.. Enumerable.Range(0, team.Workers).Select(_ => block())];
        Dictionaries = dictionaries;
    }

    /// <summary>What was made of each block.</summary>
    public RawBlock[] Blocks { get; }

    /// <summary>Blocks in this round.</summary>
    public int Count { get; private set; }

    /// <summary>The values of each feature in this generation so far; null where hashed.</summary>
    public ValueDictionary?[] Dictionaries { get; }

    /// <summary>Fetches blocks, parses them and numbers their values.</summary>
    /// <returns>False at the end of the file.</returns>
    public bool Run(LineBlockReader reader, bool stopAtBadLine)
    {
        Count = 0;
        var texts = new TextBlock[Blocks.Length];
        while (Count < Blocks.Length && reader.Next() is { } block)
        {
            texts[Count++] = block;
        }

        var parse = new ParseWork(this, texts, stopAtBadLine);
        _team.Run(ref parse);
        var number = new NumberWork(this);
        _team.Run(ref number);
        for (int block = 0; block < Count; block++)
        {
            reader.Return(texts[block]);
        }

        return Count > 0;
    }

    private void NumberColumn(int column)
    {
        ValueDictionary? dictionary = Dictionaries[column];
        for (int index = 0; index < Count; index++)
        {
            RawBlock block = Blocks[index];
            RawBlock.TokenColumn tokens = block.Tokens[column];
            ReadOnlySpan<byte> text = block.Text!.Bytes;
            for (int value = 0; value < tokens.Count; value++)
            {
                ReadOnlySpan<byte> token = text.Slice(tokens.Starts[value], tokens.Lengths[value]);
                tokens.Ids[value] = dictionary is null
                    ? HashedIndex(token, _schema.Sparse[column].Type, _schema.Sparse[column].Hash)
                    : dictionary.Add(token, ValueDictionary.Hash(token));
            }
        }
    }

    /// <summary>The row of a hashed value: numbers modulo the rows, text by XxHash3.</summary>
    internal static int HashedIndex(ReadOnlySpan<byte> value, SparseType type, int rows)
    {
        ulong number = 0;
        if (type == SparseType.Text)
        {
            number = ValueDictionary.Hash(value);
        }
        else if (type == SparseType.Hex)
        {
            number = Utf8Parser.TryParse(value, out ulong hex, out _, 'x') ? hex : 0;
        }
        else if (Utf8Parser.TryParse(value, out long signed, out _))
        {
            long rest = signed % rows;
            return (int)(rest < 0 ? rest + rows : rest);
        }

        return (int)(number % (uint)rows);
    }

    private readonly struct ParseWork(ParseRound round, TextBlock[] texts, bool stopAtBadLine) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            if (worker < round.Count)
            {
                round._parsers[worker].Parse(texts[worker], round.Blocks[worker], stopAtBadLine);
            }
        }
    }

    private struct NumberWork(ParseRound round) : IParallelWork
    {
        private int _next;

        public void Execute(int worker, int workers)
        {
            // Columns differ in cost: whoever is free takes the next.
            for (int column; (column = Interlocked.Increment(ref _next) - 1) < round.Dictionaries.Length;)
            {
                round.NumberColumn(column);
            }
        }
    }
}
