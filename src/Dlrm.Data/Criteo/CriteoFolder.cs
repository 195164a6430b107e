using Dlrm.Data.Folders;
using Dlrm.Random;

namespace Dlrm.Data.Criteo;

/// <summary>The reference's order over a data set folder of Criteo's logs.</summary>
public static class CriteoFolder
{
    /// <summary>
    /// Training row numbers in the order they are read, or null for file order. The generator is left as the reference
    /// leaves it, those draws included that decided which rows were dropped, so the weights that are drawn next are equal.
    /// </summary>
    /// <param name="folder">A folder with days.</param>
    /// <param name="randomize">What is shuffled.</param>
    /// <param name="memoryMap">True for the order that goes with <c>--memory-map</c>.</param>
    /// <param name="random">The run's generator, just seeded.</param>
    public static int[]? Order(DataSetFolder folder, CriteoRandomize randomize, bool memoryMap, NumpyRandom random)
    {
        DataSetDescription description = folder.Description;
        if (description.NegativesDropped > 0)
        {
            for (long row = 0; row < description.SourceRows; row++)
            {
                random.NextDouble();
            }
        }

        long last = description.Splits.Where(split => split.Name != "train").Sum(split => split.Rows);
        int[] days = [.. folder.Split("train").Days!.Select(rows => checked((int)rows)), checked((int)last)];
        return CriteoOrder.Draw(randomize, days, memoryMap, random);
    }
}
