namespace Dlrm.Data.Preprocessing;

/// <summary>
/// Criteo's division, by the days of a column: rows of all days but the last are for training, the first half of the last day's
/// rows in file order (rounded up) for tests, the rest for validation.
/// </summary>
/// <param name="LastDay">The last day.</param>
/// <param name="FirstOfValidation">Rows of that day from this one on, counted over all files, are for validation.</param>
internal readonly record struct DayBorder(long LastDay, long FirstOfValidation)
{
    /// <summary>Reads all rows' days twice: for the last one, and for its middle.</summary>
    public static DayBorder Find(SpoolReader reader)
    {
        long last = long.MinValue;
        long rows = 0;
        reader.Run(0, _ => { }, _ => { }, () =>
        {
            foreach (RawBlock block in reader.Blocks.AsSpan(0, reader.Count))
            {
                foreach (long day in block.Keys.AsSpan(0, block.Rows))
                {
                    rows = day > last ? 0 : rows;
                    last = Math.Max(last, day);
                    rows += day == last ? 1 : 0;
                }
            }
        });
        long border = long.MaxValue;
        long left = (rows + 1) / 2;
        reader.Run(0, _ => { }, _ => { }, () =>
        {
            for (int index = 0; index < reader.Count; index++)
            {
                RawBlock block = reader.Blocks[index];
                for (int row = 0; row < block.Rows; row++)
                {
                    if (block.Keys![row] == last && left-- == 0)
                    {
                        border = reader.Place(index).FirstRow + row;
                    }
                }
            }
        });
        return new DayBorder(last, border);
    }

    /// <summary>The part of a row: 0 train, 1 test, 2 validation.</summary>
    /// <param name="day">Its day.</param>
    /// <param name="row">Its number over all files.</param>
    public int PartOf(long day, long row) => day < LastDay ? 0 : row < FirstOfValidation ? 1 : 2;
}
