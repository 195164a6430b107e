using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Scoring.Files;

/// <content>Columns that are passed through.</content>
internal sealed partial class RowBlock
{
    private byte[] _ids = new byte[256];
    private int[] _idEnds = new int[64];
    private bool[] _idBare = new bool[64];
    private int _idCount;

    /// <summary>The text of an id column.</summary>
    /// <param name="row">The row.</param>
    /// <param name="column">0, 1, … among the id columns.</param>
    /// <param name="bare">True for a number, true, false or null of JSON, which has no quotes.</param>
    public ReadOnlySpan<byte> Id(int row, int column, out bool bare)
    {
        int at = (row * _options.IdColumns.Count) + column;
        bare = _idBare[at];
        return _ids.AsSpan((at == 0 ? 0 : _idEnds[at - 1]).._idEnds[at]);
    }

    private void BeginIds() => _idCount = 0;

    private void AddId(ReadOnlySpan<byte> text, bool bare)
    {
        int start = _idCount == 0 ? 0 : _idEnds[_idCount - 1];
        if (start + text.Length > _ids.Length)
        {
            Array.Resize(ref _ids, Math.Max(start + text.Length, 2 * _ids.Length));
        }

        if (_idCount == _idEnds.Length)
        {
            Array.Resize(ref _idEnds, 2 * _idCount);
            Array.Resize(ref _idBare, 2 * _idCount);
        }

        text.CopyTo(_ids.AsSpan(start));
        _idEnds[_idCount] = start + text.Length;
        _idBare[_idCount++] = bare;
    }

    private void TakeIds(DelimitedParser parser)
    {
        foreach (int column in _input.IdColumns)
        {
            AddId(parser.Field(_text, column), bare: false);
        }
    }

    /// <summary>A bad row's ids are those that were found.</summary>
    private void EndIdsOfBadRow()
    {
        while (_idCount < (Rows + 1) * _options.IdColumns.Count)
        {
            AddId(default, bare: true);
        }
    }
}
