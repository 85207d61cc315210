//! The animals, by family: about 270, as the publisher states. Append, never reorder: the order is part
//! of what a seed means.

/// Kinds of animal that share a head's build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Dogs, wolves, foxes.
    Dog,
    /// Cats great and small.
    Cat,
    /// Bears and other broad heads with small round ears.
    Bear,
    /// Rodents and other small mammals with a pointed muzzle.
    Rodent,
    /// Hares, and others known by their ears.
    Rabbit,
    /// Horses, deer, cattle and others with hooves.
    Hoofed,
    /// Apes, monkeys, lemurs.
    Primate,
    /// Birds.
    Bird,
    /// Reptiles and amphibians.
    Reptile,
    /// Fishes and sea mammals.
    Fish,
}

/// The animals, by family.
#[rustfmt::skip]
pub const ANIMALS: [(Family, &[&str]); 10] = [
    (Family::Dog, &[
        "Doberman_Dog", "Pug_Dog", "Akita_Dog", "Chihuahua_Dog", "Maltese_Dog", "Poodle", "Beagle_Dog",
        "Border_Collie_Dog", "Boxer_Dog", "Bulldog", "Bull_Terrier_Dog", "Cavalier_Spaniel_Dog",
        "Chow_Chow_Dog", "Cocker_Spaniel_Dog", "Corgi_Dog", "Dachshund_Dog", "Dalmatian_Dog",
        "German_Shepherd_Dog", "Golden_Retriever_Dog", "Great_Dane_Dog", "Greyhound_Dog", "Husky_Dog",
        "Irish_Setter_Dog", "Jack_Russell_Dog", "Labrador_Dog", "Mastiff_Dog", "Newfoundland_Dog",
        "Papillon_Dog", "Pointer_Dog", "Pomeranian_Dog", "Rottweiler_Dog", "Saint_Bernard_Dog",
        "Samoyed_Dog", "Schnauzer_Dog", "Shar_Pei_Dog", "Sheepdog", "Shiba_Inu_Dog", "Weimaraner_Dog",
        "Yorkshire_Terrier_Dog", "Gray_Wolf", "Arctic_Wolf", "Coyote", "Dingo", "Jackal", "Red_Fox",
        "Arctic_Fox", "Fennec_Fox", "Raccoon_Dog", "African_Wild_Dog", "Hyena",
    ]),
    (Family::Cat, &[
        "Abyssinian_Cat", "Bengal_Cat", "Birman_Cat", "British_Shorthair_Cat", "Burmese_Cat", "Maine_Coon",
        "Norwegian_Forest_Cat", "Persian_Cat", "Ragdoll_Cat", "Russian_Blue_Cat", "Scottish_Fold_Cat",
        "Siamese_Cat", "Sphynx_Cat", "Tabby_Cat", "Black_Cat", "African_Lion", "Bengal_Tiger",
        "White_Tiger", "Leopard", "Snow_Leopard", "Clouded_Leopard", "Jaguar", "Black_Panther", "Cheetah",
        "Puma", "Lynx", "Bobcat", "Caracal", "Serval", "Ocelot",
    ]),
    (Family::Bear, &[
        "Polar_Bear", "Brown_Bear", "Black_Bear", "Grizzly_Bear", "Sun_Bear", "Spectacled_Bear",
        "Giant_Panda", "Red_Panda", "Koala", "Wombat", "Badger", "Honey_Badger", "Wolverine",
        "Tasmanian_Devil", "Raccoon", "Sloth", "Sea_Otter", "River_Otter", "Capybara", "Beaver",
    ]),
    (Family::Rodent, &[
        "Mole", "Mouse", "Rat", "Hamster", "Gerbil", "Guinea_Pig", "Chinchilla", "Chipmunk", "Red_Squirrel",
        "Gray_Squirrel", "Flying_Squirrel", "Prairie_Dog", "Groundhog", "Marmot", "Hedgehog", "Porcupine",
        "Shrew", "Vole", "Lemming", "Dormouse", "Weasel", "Stoat", "Ferret", "Mink", "Marten", "Mongoose",
        "Meerkat", "Skunk", "Opossum", "Quokka", "Numbat", "Bandicoot", "Tree_Shrew", "Coati", "Civet",
        "Genet",
    ]),
    (Family::Rabbit, &[
        "Rabbit", "Angora_Rabbit", "Lop_Rabbit", "Arctic_Hare", "Jackrabbit", "Pika", "Jerboa", "Kangaroo",
        "Wallaby", "Bat", "Aardvark", "Bilby",
    ]),
    (Family::Hoofed, &[
        "Antelope", "Bison", "Reindeer", "Musk_Ox", "Horse", "White_Horse", "Pony", "Donkey", "Mule",
        "Zebra", "Cow", "Highland_Cow", "Bull", "Water_Buffalo", "Yak", "Sheep", "Ram", "Bighorn_Sheep",
        "Goat", "Mountain_Goat", "Ibex", "Gazelle", "Impala", "Oryx", "Kudu", "Wildebeest", "Eland", "Deer",
        "Elk", "Moose", "Giraffe", "Okapi", "Camel", "Llama", "Alpaca", "Pig", "Wild_Boar", "Warthog",
        "Tapir", "Rhinoceros", "Hippopotamus", "Elephant", "Giant_Anteater", "Saiga",
    ]),
    (Family::Primate, &[
        "Capuchin_Monkey", "Chimpanzee", "Bonobo", "Gorilla", "Orangutan", "Gibbon", "Baboon", "Mandrill",
        "Macaque", "Proboscis_Monkey", "Spider_Monkey", "Howler_Monkey", "Squirrel_Monkey", "Marmoset",
        "Tamarin", "Lemur", "Ring_Tailed_Lemur", "Slow_Loris", "Tarsier", "Colobus_Monkey",
    ]),
    (Family::Bird, &[
        "Cormorant", "Owl", "Swan", "Bald_Eagle", "Parrot", "Pelican", "Cockatoo", "Golden_Eagle", "Hawk",
        "Falcon", "Vulture", "Condor", "Barn_Owl", "Snowy_Owl", "Raven", "Crow", "Magpie", "Blue_Jay",
        "Cardinal", "Robin", "Sparrow", "Finch", "Canary", "Kingfisher", "Woodpecker", "Hummingbird",
        "Toucan", "Hornbill", "Macaw", "Budgerigar", "Pigeon", "Dove", "Seagull", "Puffin", "Penguin",
        "Flamingo", "Stork", "Crane", "Heron", "Ibis", "Duck", "Goose", "Chicken", "Rooster", "Turkey",
        "Peacock", "Pheasant", "Quail", "Ostrich", "Emu",
    ]),
    (Family::Reptile, &[
        "Anaconda", "Chameleon", "Alligator", "Crocodile", "Iguana", "Gecko", "Komodo_Dragon",
        "Bearded_Dragon", "Monitor_Lizard", "Cobra", "Python", "Rattlesnake", "Box_Turtle", "Sea_Turtle",
        "Tortoise", "Tree_Frog", "Bullfrog", "Toad", "Salamander", "Axolotl",
    ]),
    (Family::Fish, &[
        "Tuna", "Barracuda", "Salmon", "Trout", "Goldfish", "Clownfish", "Pufferfish", "Piranha",
        "Great_White_Shark", "Hammerhead_Shark", "Dolphin", "Orca", "Beluga_Whale", "Walrus", "Sea_Lion",
        "Harbor_Seal",
    ]),
];

/// Number of animals over all families.
pub const ANIMAL_COUNT: usize = {
    let (mut total, mut family) = (0, 0);
    while family < ANIMALS.len() {
        total += ANIMALS[family].1.len();
        family += 1;
    }
    total
};

/// The `n`-th animal, counted through the families.
pub fn animal(mut n: usize) -> Option<(Family, &'static str)> {
    for (family, names) in ANIMALS {
        if let Some(name) = names.get(n) {
            return Some((family, name));
        }
        n -= names.len();
    }
    None
}
