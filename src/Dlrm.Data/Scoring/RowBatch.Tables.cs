using Apache.Arrow;
using Dlrm.Data.Tables;

namespace Dlrm.Data.Scoring;

/// <content>Rows of Arrow tables.</content>
public sealed partial class RowBatch
{
    /// <summary>
    /// Adds rows of an Arrow record batch, columns by name, as preprocessing reads them: a null is a missing value, true is 1,
    /// a list is a bag.
    /// </summary>
    /// <param name="rows">The table; columns that no field has the name of are left out.</param>
    /// <param name="first">First row to add.</param>
    /// <param name="count">Rows to add, no more than there is room for.</param>
    /// <exception cref="BadDataException">A column has a type that is not read.</exception>
    /// <exception cref="BadRowException">A value is not what its feature wants; rows before it have been added.</exception>
    /// <exception cref="InvalidOperationException">There is too little room, or it was built.</exception>
    public void AddRows(RecordBatch rows, int first, int count)
    {
        var columns = new List<(int Field, TableColumn Column)>();
        for (int column = 0; column < rows.ColumnCount; column++)
        {
            string name = rows.Schema.GetFieldByIndex(column).Name;
            if (_encoder.FieldOf(name) is >= 0 and int field)
            {
                IArrowArray part = ArrowArrayFactory.Slice(rows.Column(column), first, count);
                columns.Add((field, ArrowRows.Column("record batch", name, part)));
            }
        }

        for (int row = 0; row < count; row++)
        {
            BeginRow();
            foreach ((int field, TableColumn column) in columns)
            {
                SetText(field, column.Text(row));
            }

            EndRow();
        }
    }
}
